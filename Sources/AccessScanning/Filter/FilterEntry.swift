import AuditEvents

/// Requests that are not to be reported. A request matches when it matches each condition that is given, and it matches
/// a condition when it matches any of its values.
public struct FilterEntry: Sendable, Hashable {
    /// What the requests are counted under.
    public let name: String
    /// Where they come from; `nil` for anywhere.
    public let networks: [Network]?
    /// Their user agents; `nil` for any.
    public let userAgents: [Glob]?
    /// What they ask for, path and query; `nil` for anything.
    public let requestURIs: [Glob]?

    /// An entry; conditions that are left out match everything.
    public init(name: String, networks: [Network]? = nil, userAgents: [Glob]? = nil, requestURIs: [Glob]? = nil) {
        self.name = name
        self.networks = networks
        self.userAgents = userAgents
        self.requestURIs = requestURIs
    }

    /// Whether a request is one of these.
    ///
    /// - Parameters:
    ///   - event: An event of the request. One without a user agent has the empty one.
    ///   - address: Where the request verifiably comes from; what is no address is in no network.
    func matches(_ event: AuditEvent, from address: SourceAddress) -> Bool {
        if let networks {
            guard case .address(let address) = address, networks.contains(where: { $0.contains(address) }) else {
                return false
            }
        }
        if let requestURIs, !requestURIs.contains(where: { $0.matches(event.requestURI) }) { return false }
        if let userAgents, !userAgents.contains(where: { $0.matches(event.userAgent ?? "") }) { return false }
        return true
    }
}
