import ConfigurationFiles

/// The accepted rate of requests: `burst` at once, then one per `interval`.
///
/// Source: `rate_limit` of the exporter-toolkit.
struct RateLimit: Sendable, Hashable {
    var interval: Duration
    var burst: Int
}

/// The remaining requests of a rate limit. A value: the time is passed in.
struct RequestBudget: Sendable {
    let limit: RateLimit
    /// The time when the whole burst is available again; each request moves it by an interval.
    private var isFullAt: ContinuousClock.Instant

    /// A budget with the whole burst available.
    init(_ limit: RateLimit, at now: ContinuousClock.Instant) {
        self.limit = limit
        isFullAt = now
    }

    /// Spends one request.
    ///
    /// - Returns: `nil` if it is granted, otherwise the time until it would be.
    mutating func spend(at now: ContinuousClock.Instant) -> Duration? {
        let next = max(isFullAt, now) + limit.interval
        let excess = now.duration(to: next) - limit.interval * limit.burst
        guard excess <= .zero else { return excess }
        isFullAt = next
        return nil
    }
}

extension RateLimit {
    private static let longest = Duration.seconds(24 * 60 * 60)
    private static let bursts = 0...1_000_000

    /// `nil` if the interval is 0, which disables the limit.
    ///
    /// - Parameter section: `rate_limit`.
    /// - Throws: `ConfigurationFileError` with the key and the correction.
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
            // Without it the toolkit accepts no requests at all.
            throw section.place.failure("burst is missing; give how many requests may come at once")
        }
        guard let count = Int(burst), Self.bursts.contains(count) else {
            throw section.place(of: "burst").failure("\"\(burst)\" cannot be used; give a number from 0 to 1000000")
        }
        self.init(interval: interval, burst: count)
    }
}

/// A duration in Go's syntax: numbers with units, such as `1m30s`, `1.5h` or `100ms`; or `0`.
///
/// Source: Go's `time.ParseDuration`, without signs.
struct GoDuration {
    let duration: Duration

    private static let units: [Substring: Duration] = [
        "ns": .nanoseconds(1), "us": .microseconds(1), "µs": .microseconds(1), "μs": .microseconds(1),
        "ms": .milliseconds(1), "s": .seconds(1), "m": .seconds(60), "h": .seconds(3600),
    ]

    /// `nil` if `text` is not a duration, or one of its numbers has more than nine digits.
    init?(_ text: String) {
        if text == "0" {
            duration = .zero
            return
        }
        let part = /(?<whole>[0-9]{1,9})(?:\.(?<fraction>[0-9]{1,9}))?(?<unit>[a-zµμ]{1,2})/
        var rest = text[...]
        var sum = Duration.zero
        repeat {
            guard let match = rest.prefixMatch(of: part), let unit = Self.units[match.unit],
                let whole = Int64(match.whole)
            else { return nil }
            sum += unit * whole
            if let fraction = match.fraction, let value = Double("0.\(fraction)") { sum += unit * value }
            rest = rest[match.range.upperBound...]
        } while !rest.isEmpty
        duration = sum
    }
}
