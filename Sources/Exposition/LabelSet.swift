/// Labels of a sample, escaped once when they are made: a scrape only copies their bytes.
public struct LabelSet: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// No labels.
    public static let empty: LabelSet = [:]

    // `a="x",b="y"`, without braces, in the order given.
    let text: String
    // What OpenMetrics bounds in an exemplar: the characters of names and values, unescaped.
    let characterCount: Int

    /// Labels in the order given.
    ///
    /// - Parameter labels: Names as Prometheus allows them (letters, digits, underscores; no digit first), each at
    ///   most once; any text as a value.
    public init(dictionaryLiteral labels: (String, String)...) {
        self.init(LabelNames(labels.map(\.0)), labels.map(\.1))
    }

    /// Labels whose names are known.
    ///
    /// - Parameter values: Any texts, one for each name.
    public init(_ names: LabelNames, _ values: [String]) {
        precondition(names.count == values.count, "\(values.count) values for \(names.count) labels")
        var text = ""
        text.reserveCapacity(names.characterCount + values.count * 20)
        var count = names.characterCount
        for (opening, value) in zip(names.openings, values) {
            text += opening
            text += Escape.labelValue(value)
            text += "\""
            count += value.characterCount
        }
        self.text = text
        characterCount = count
    }
}

/// Escapes of the text formats.
enum Escape {
    /// Of a label's value, the same in both formats: backslash, double quote and line feed. All else may stand as it
    /// is, for a Swift string is always valid UTF-8; only NUL is replaced by U+FFFD, since Prometheus takes it for the
    /// end and would refuse the whole scrape.
    static func labelValue(_ text: String) -> String {
        escape(text, quotes: true)
    }

    /// Of a HELP text; in the older format quotes stand as they are.
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
    /// Its Unicode scalars: the bytes that begin one, which are faster to count.
    fileprivate var characterCount: Int { utf8.count { $0 & 0xc0 != 0x80 } }
}
