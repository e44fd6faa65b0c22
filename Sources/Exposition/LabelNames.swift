/// The names of labels, checked once for many label sets.
///
/// ```swift
/// let names = LabelNames(["src_ip", "origin"])
/// let labels = LabelSet(names, ["192.0.2.1", "verified"])
/// ```
public struct LabelNames: Sendable, Hashable {
    // `a="`, `,b="`: what stands before each value.
    let openings: [String]
    // The characters of all names.
    let characterCount: Int

    /// Names in the order given.
    ///
    /// - Parameter names: As Prometheus allows them (letters, digits, underscores; no digit first), each at most once.
    public init(_ names: [String]) {
        for (index, name) in names.enumerated() {
            precondition(Self.isValid(name), "\(name) is no label name")
            precondition(!names[..<index].contains(name), "the label \(name) stands twice")
        }
        openings = names.enumerated().map { "\($0 > 0 ? "," : "")\($1)=\"" }
        characterCount = names.map(\.utf8.count).reduce(0, +)
    }

    var count: Int { openings.count }

    private static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0.isASCIILetterOrDigit }
    }
}
