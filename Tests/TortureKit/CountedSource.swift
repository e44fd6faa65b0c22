import AccessScanning

/// A source with a counter on `/metrics`.
struct CountedSource: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `src_ip`: an address in its canonical form, or `invalid`.
    let address: String
    /// `origin`: `verified` or `claimed`.
    let origin: String
    /// The outcome of the requests that the counter counts.
    var outcome = Outcome.forbidden
    /// `credentials`, for unauthorized requests.
    var credentials: String?

    static func verified(_ address: String) -> CountedSource { CountedSource(address: address, origin: "verified") }
    static func claimed(_ address: String) -> CountedSource { CountedSource(address: address, origin: "claimed") }

    /// The source itself, whatever the outcome.
    var source: CountedSource { CountedSource(address: address, origin: origin) }

    static func < (one: CountedSource, other: CountedSource) -> Bool { one.order < other.order }

    private var order: (String, String, String, String) { (address, origin, outcome.rawValue, credentials ?? "") }

    var description: String {
        "\(address) (\(([origin, outcome.rawValue] + [credentials].compactMap(\.self)).joined(separator: ", ")))"
    }
}
