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
