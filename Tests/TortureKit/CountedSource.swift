/// A source with a counter on `/metrics`.
struct CountedSource: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `src_ip`: an address in its canonical form, or `invalid`.
    let address: String
    /// `origin`: `verified` or `claimed`.
    let origin: String

    static func verified(_ address: String) -> CountedSource { CountedSource(address: address, origin: "verified") }
    static func claimed(_ address: String) -> CountedSource { CountedSource(address: address, origin: "claimed") }

    static func < (one: CountedSource, other: CountedSource) -> Bool {
        (one.address, one.origin) < (other.address, other.origin)
    }

    var description: String { "\(address) (\(origin))" }
}
