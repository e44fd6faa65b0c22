import ConfigurationFiles

/// How many requests are taken: `burst` at once, and then one an `interval`.
///
/// Source: `rate_limit` of the exporter-toolkit.
struct RateLimit: Sendable, Hashable {
    var interval: Duration
    var burst: Int
}

/// What a rate limit has left. A value: it is asked with the time, and looks at no clock.
struct RequestBudget: Sendable {
    let limit: RateLimit
    /// When all of it will be there again; each request moves it by an interval.
    private var isFullAt: ContinuousClock.Instant

    /// A budget of which nothing is spent yet.
    init(_ limit: RateLimit, at now: ContinuousClock.Instant) {
        self.limit = limit
        isFullAt = now
    }

    /// Spends one request.
    ///
    /// - Returns: How long there is to wait for it; `nil` where it is granted.
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

/// A length of time as Go writes it: numbers with units, such as `1m30s`, `1.5h` or `100ms`; or `0`.
///
/// Source: Go's `time.ParseDuration`; without a sign.
struct GoDuration {
    let duration: Duration

    private static let units: [Substring: Duration] = [
        "ns": .nanoseconds(1), "us": .microseconds(1), "µs": .microseconds(1), "μs": .microseconds(1),
        "ms": .milliseconds(1), "s": .seconds(1), "m": .seconds(60), "h": .seconds(3600),
    ]

    /// `nil` where a text is none, or is longer than makes sense.
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
