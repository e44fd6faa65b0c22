/// One element of a header that lists what a client can take, such as `text/plain;version=0.0.4;q=0.5`.
///
/// Source: RFC 9110, 5.6 and 12.4.2. Everything is compared without regard to case.
struct WeightedItem: Sendable, Hashable {
    /// What is listed, in lower case.
    let name: String
    /// Its parameters without the quality, in lower case, quotes taken off.
    let parameters: [String: String]
    /// How welcome it is, from 0 (not at all) to 1.
    let quality: Double

    // A header has room for very many elements; a client that needs more than these is none.
    private static let maximum = 64

    /// The elements of a header; what makes no sense in it is passed over.
    static func list(in header: String) -> [WeightedItem] {
        split(Array(header.utf8)[...], at: ",", atMost: maximum).compactMap(WeightedItem.init)
    }

    private init?(_ text: ArraySlice<UInt8>) {
        let pieces = Self.split(text, at: ";", atMost: Self.maximum)
        guard let first = pieces.first else { return nil }
        var parameters: [String: String] = [:]
        var quality = 1.0
        for piece in pieces.dropFirst() {
            guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let key = Self.lowercased(Self.trimmed(piece[..<equals]))
            let value = Self.lowercased(Self.unquoted(Self.trimmed(piece[(equals + 1)...])))
            if key == "q" {
                if let number = Double(value), number.isFinite { quality = min(max(number, 0), 1) }
            } else {
                parameters[key] = value
            }
        }
        name = Self.lowercased(first)
        self.parameters = parameters
        self.quality = quality
    }

    /// The pieces between separators outside of quotes, trimmed; empty ones say nothing.
    private static func split(
        _ text: ArraySlice<UInt8>, at separator: Unicode.Scalar, atMost maximum: Int
    ) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        func end(at index: Int) {
            let piece = trimmed(text[start..<index])
            if !piece.isEmpty { pieces.append(piece) }
            start = index + 1
        }
        for index in text.indices where pieces.count < maximum {
            let byte = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: separator) {
                end(at: index)
            }
        }
        if pieces.count < maximum, start <= text.endIndex { end(at: text.endIndex) }
        return pieces
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = text.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return [] }
        return start[...last]
    }

    private static func unquoted(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return text }
        var plain: ArraySlice<UInt8> = []
        var rest = text.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            plain.append(byte == UInt8(ascii: "\\") ? rest.popFirst() ?? byte : byte)
        }
        return plain
    }

    private static func lowercased(_ text: ArraySlice<UInt8>) -> String {
        String(decoding: text, as: UTF8.self).lowercased()
    }
}
