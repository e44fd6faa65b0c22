/// Reads metrics text strictly from left to right, by the formats' specifications.
struct ExpositionReader {
    private let text: [UInt8]
    private let hasEscapedQuotesInHelp: Bool
    private var rest: ArraySlice<UInt8>

    /// - Parameter hasEscapedQuotesInHelp: As in OpenMetrics, unlike the older format.
    init(_ text: [UInt8], hasEscapedQuotesInHelp: Bool) {
        self.text = text
        self.hasEscapedQuotesInHelp = hasEscapedQuotesInHelp
        rest = text[...]
    }

    /// Expects these bytes next.
    mutating func expect(_ expected: String) throws(Disagreement) {
        guard rest.starts(with: expected.utf8) else { throw disagreement("expected \(expected.debugDescription)") }
        rest = rest.dropFirst(expected.utf8.count)
    }

    /// Expects the end, and no byte in the text that ends it for other readers.
    func expectEnd() throws(Disagreement) {
        guard rest.isEmpty, !text.contains(0) else { throw disagreement("expected the end") }
    }

    /// The metadata before a family's samples, without the unit.
    mutating func head(of name: String, help: String, kind: String) throws(Disagreement) {
        try expect("# HELP \(name) ")
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        rest = rest.dropFirst(line.count)
        let found = try unescaped(line, quotes: hasEscapedQuotesInHelp)
        guard found == Self.readable(help) else {
            throw disagreement("expected the HELP text \(help.debugDescription)")
        }
        try expect("\n# TYPE \(name) \(kind)\n")
    }

    /// Labels in braces.
    mutating func labels(_ expected: [(name: String, value: String)]) throws(Disagreement) {
        try expect("{")
        for (index, label) in expected.enumerated() {
            try expect("\(index > 0 ? "," : "")\(label.name)=\"")
            var end = rest.startIndex
            while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
                end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < rest.endIndex else { throw disagreement("a value without an end") }
            let value = rest[..<end]
            guard !value.contains(UInt8(ascii: "\n")) else { throw disagreement("a line feed in a value") }
            guard try unescaped(value, quotes: true) == Self.readable(label.value) else {
                throw disagreement("expected the value \(label.value.debugDescription)")
            }
            rest = rest[end...]
            try expect("\"")
        }
        try expect("}")
    }

    /// A number up to the end of the line.
    mutating func number(_ expected: Double) throws(Disagreement) {
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        let found = Double(String(decoding: line, as: UTF8.self))
        // All NaN values are equal to a scraper.
        guard found == expected || found?.isNaN == true && expected.isNaN else {
            throw disagreement("expected the number \(expected)")
        }
        rest = rest.dropFirst(line.count)
    }

    /// A text as it can be read back. To Prometheus a NUL ends the input.
    private static func readable(_ text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { Array(String($0 == "\0" ? "\u{fffd}" : $0).utf8) }
    }

    private func unescaped(_ text: ArraySlice<UInt8>, quotes: Bool) throws(Disagreement) -> [UInt8] {
        var plain: [UInt8] = []
        var text = text
        while let byte = text.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                if quotes, byte == UInt8(ascii: "\"") { throw disagreement("a quote without a backslash") }
                plain.append(byte)
                continue
            }
            switch text.popFirst() {
            case UInt8(ascii: "\\"): plain.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "n"): plain.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\"") where quotes: plain.append(UInt8(ascii: "\""))
            default: throw disagreement("an escape that there is not")
            }
        }
        return plain
    }

    private func disagreement(_ expected: String) -> Disagreement {
        Disagreement(
            "\(expected) at byte \(rest.startIndex) of \(String(decoding: text, as: UTF8.self).debugDescription)")
    }
}
