/// What scrapes were like beside slow clients.
public struct SlowlorisReport: Sendable {
    /// What was done.
    public let options: SlowlorisOptions
    /// How long each scrape took, on connections of their own and on kept ones; those that failed are not in it.
    public let scrapes: [Duration]
    /// Why scrapes failed.
    public let failures: [String]
    /// How long a scrape took before the slow clients came, in the middle.
    public let alone: Duration
    /// How often a slow client was cut off and came back.
    public let comebacks: Int
    /// What the exporter took before and at the most.
    public let before: ProcessUsage
    /// At the most, while it lasted.
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
