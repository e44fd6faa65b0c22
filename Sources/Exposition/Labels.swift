/// The names of labels, checked once for many label sets.
///
/// ```swift
/// let names = LabelNames(["src_ip", "origin"])
/// let labels = LabelSet(names, ["192.0.2.1", "verified"])
/// ```
public struct LabelNames: Sendable, Hashable {
    /// The names in their order.
    public let names: [String]

    // `{a="`, `",b="`: the text before each value.
    let openings: [String]
    // The characters of all names.
    let characterCount: Int

    /// Names in the order given.
    ///
    /// - Parameter names: Unique, and of the characters that Prometheus allows (letters, digits, underscores; the
    ///   first is not a digit). Other names are a programming error.
    public init(_ names: [String]) {
        for (index, name) in names.enumerated() {
            precondition(Self.isValid(name), "\(name) is not a label name")
            precondition(!names[..<index].contains(name), "the label \(name) is used twice")
        }
        self.names = names
        openings = names.enumerated().map { "\($0 > 0 ? "\"," : "{")\($1)=\"" }
        characterCount = names.map(\.utf8.count).reduce(0, +)
    }

    /// Whether Prometheus allows the name for a label.
    public static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0.isASCIILetterOrDigit }
    }
}

/// The labels of a sample. They are escaped when the set is made, so that a scrape only copies their bytes.
public struct LabelSet: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// No labels.
    public static let empty: LabelSet = [:]

    // `{a="x",b="y"}`, in the order given; empty without labels.
    let text: String
    // The characters of names and values, unescaped; OpenMetrics limits them in an exemplar.
    let characterCount: Int

    /// Labels in the order given: names as in `LabelNames`, any text as a value.
    public init(dictionaryLiteral labels: (String, String)...) {
        self.init(LabelNames(labels.map(\.0)), labels.map(\.1))
    }

    /// Labels with these names.
    ///
    /// - Parameter values: Any texts, one for each name.
    public init(_ names: LabelNames, _ values: [String]) {
        let openings = names.openings
        precondition(openings.count == values.count, "\(values.count) values for \(openings.count) labels")
        var text = ""
        text.reserveCapacity(names.characterCount + values.count * 20)
        var count = names.characterCount
        for (opening, value) in zip(openings, values) {
            text += opening
            text += Escape.labelValue(value)
            count += value.characterCount
        }
        if !values.isEmpty { text += "\"}" }
        self.text = text
        characterCount = count
    }
}

/// Escapes of the text formats.
enum Escape {
    /// Of a label value, the same in both formats: backslash, double quote and line feed. Every other character is
    /// allowed, since a Swift string is always valid UTF-8, except NUL: Prometheus takes it for the end of the text
    /// and rejects the scrape, so it is replaced by U+FFFD.
    static func labelValue(_ text: String) -> String {
        escape(text, quotes: true)
    }

    /// Of a HELP text; only OpenMetrics escapes double quotes in it.
    static func help(_ text: String, in format: ExpositionFormat) -> String {
        escape(text, quotes: format == .openMetrics)
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        let needsEscape = text.utf8.contains {
            $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 0
        }
        guard needsEscape else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\0": escaped += "\u{fffd}"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension UInt8 {
    var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension String {
    /// The number of Unicode scalars, by the bytes that begin one, which is faster than decoding them.
    fileprivate var characterCount: Int { utf8.count { $0 & 0xc0 != 0x80 } }
}
