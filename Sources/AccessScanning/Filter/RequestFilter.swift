public import AuditEvents

/// What is known to be harmless and not to be reported, as the analytic's macro `kubernetes_access_scanning_filter`
/// says it. Requests that match are counted under the entry's name instead of for their sources.
public struct RequestFilter: Sendable, Hashable {
    /// In the order in which they are asked; no two have the same name.
    public let entries: [FilterEntry]

    /// A filter; one that lets everything through unless entries are given.
    public init(entries: [FilterEntry] = []) {
        self.entries = entries
    }

    /// The first entry that a request matches; `nil` where it is to be reported.
    ///
    /// Only the verified source is asked for its network: a claimed one could else hide every request.
    ///
    /// - Parameters:
    ///   - event: An event of the request.
    ///   - source: Its verified source.
    public func entry(matching event: AuditEvent, from source: Source) -> FilterEntry? {
        guard source.origin == .verified else { return nil }
        return entries.first { $0.matches(event, from: source.address) }
    }
}
