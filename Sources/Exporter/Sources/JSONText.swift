/// Writes JSON (RFC 8259) into bytes, which can be taken before the end.
///
/// Text of clients is harmless wherever the JSON is shown: invisible characters are escaped, so that a terminal does not
/// obey them, and so are `<`, `>` and `&`, so that a browser finds no markup.
///
/// ```swift
/// var json = JSONText()
/// json.object { json in
///     json.key("codes")
///     json.array([403]) { json, code in json.integer(code) }
/// }
/// String(decoding: json.bytes, as: UTF8.self)  // {"codes":[403]}
/// ```
struct JSONText: Sendable {
    private(set) var bytes: [UInt8] = []
    // Whether the next key or value follows another one.
    private var needsComma = false

    /// Takes the bytes that were written since the last call.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    // MARK: Containers

    /// Writes an object; `content` writes its keys and values.
    mutating func object(_ content: (inout JSONText) -> Void) {
        begin("{")
        content(&self)
        end("}")
    }

    /// Writes an array; `write` writes each element.
    mutating func array<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONText, Element) -> Void) {
        begin("[")
        for element in elements { write(&self, element) }
        end("]")
    }

    /// Begins an object or an array whose content is written by later calls.
    mutating func begin(_ bracket: Unicode.Scalar) {
        separate()
        append(bracket)
        needsComma = false
    }

    /// Ends an object or an array.
    mutating func end(_ bracket: Unicode.Scalar) {
        append(bracket)
        needsComma = true
    }

    /// Writes the key of the next value.
    mutating func key(_ name: String) {
        string(name)
        append(":")
        needsComma = false
    }

    // MARK: Values

    /// Writes a number.
    mutating func integer(_ number: some BinaryInteger) {
        separate()
        bytes += String(number).utf8
        needsComma = true
    }

    /// Writes `null`.
    mutating func null() {
        separate()
        bytes += "null".utf8
        needsComma = true
    }

    /// Writes a string.
    mutating func string(_ text: String) {
        separate()
        append("\"")
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            while start < utf8.count {
                // What needs no escape is copied at once: often this is the whole text.
                let end = utf8[start...].firstIndex { !Self.isPlain($0) } ?? utf8.count
                bytes += UnsafeBufferPointer(rebasing: utf8[start..<end])
                guard end < utf8.count else { return }
                let other = Self.scalar(at: end, of: utf8)
                escapeIfNeeded(other)
                start = end + UTF8.width(other)
            }
        }
        append("\"")
        needsComma = true
    }

    private mutating func escapeIfNeeded(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes += #"\""#.utf8
        case "\\": bytes += #"\\"#.utf8
        case "<", ">", "&": bytes += scalar.jsonEscape.utf8
        case _ where scalar.isInvisible: bytes += scalar.jsonEscape.utf8
        case _ where scalar.isASCII: append(scalar)
        default: bytes += Character(scalar).utf8
        }
    }

    /// The scalar that begins at an index of valid UTF-8.
    private static func scalar(at index: Int, of utf8: UnsafeBufferPointer<UInt8>) -> Unicode.Scalar {
        let first = utf8[index]
        if UTF8.isASCII(first) { return Unicode.Scalar(first) }
        // No scalar has more bytes.
        return String(decoding: utf8[index...].prefix(4), as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
    }

    /// Whether a byte of UTF-8 is a character of ASCII that needs no escape.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
        default: (0x20..<0x7F).contains(byte)
        }
    }

    private mutating func separate() {
        if needsComma { append(",") }
    }

    private mutating func append(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
    }
}
