/// Scrapes in the presence of slow clients.
public struct SlowlorisReport: Sendable {
    /// The load.
    public let options: SlowlorisOptions
    /// Duration of each successful scrape, on new connections and on kept ones.
    public let scrapes: [Duration]
    /// Errors of failed scrapes.
    public let failures: [String]
    /// Median duration of a scrape before the slow clients arrived.
    public let alone: Duration
    /// Number of reconnects of slow clients.
    public let comebacks: Int
    /// Resources of the exporter before the load.
    public let before: ProcessUsage
    /// Maximum resources during the load.
    public let peak: ProcessUsage

    /// The longest scrape.
    public var worst: Duration { scrapes.max() ?? .zero }

    /// One line of figures.
    public var line: String {
        let median = scrapes.sorted().dropFirst(scrapes.count / 2).first ?? .zero
        return """
            dripping=\(options.dripping) unread=\(options.unread) addresses=\(options.addresses) \
            sources=\(options.sources) scrapes=\(scrapes.count) failed=\(failures.count) worst=\(Self.text(worst)) \
            median=\(Self.text(median)) alone=\(Self.text(alone)) comebacks=\(comebacks) \
            rss=\(before.residentMiB)MiB..\(peak.residentMiB)MiB fds=\(before.descriptors)..\(peak.descriptors)
            """
    }

    private static func text(_ duration: Duration) -> String {
        let tenths = Int((duration / .microseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10)ms"
    }
}
