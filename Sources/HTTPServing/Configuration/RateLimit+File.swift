import ConfigurationFiles

extension RateLimit {
    private static let longest = Duration.seconds(24 * 60 * 60)
    private static let bursts = 0...1_000_000

    /// `nil` where the interval is 0, which switches it off.
    ///
    /// - Parameter section: `rate_limit`.
    /// - Throws: `ConfigurationFileError`, which says what to do.
    init?(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        try section.allow(["interval", "burst"])
        guard let text = try section.string("interval") else {
            throw section.place.failure("interval is missing; give the time between two requests, such as 1s")
        }
        guard let interval = GoDuration(text)?.duration, interval <= Self.longest else {
            throw section.place(of: "interval").failure(
                "\"\(text)\" cannot be used; give a duration up to 24h, such as 1s or 100ms, or 0 for no limit")
        }
        let burst = try section.string("burst")
        guard interval > .zero else { return nil }
        guard let burst else {
            // Without it the toolkit takes no request at all.
            throw section.place.failure("burst is missing; give how many requests may come at once")
        }
        guard let count = Int(burst), Self.bursts.contains(count) else {
            throw section.place(of: "burst").failure("\"\(burst)\" cannot be used; give a number from 0 to 1000000")
        }
        self.init(interval: interval, burst: count)
    }
}
