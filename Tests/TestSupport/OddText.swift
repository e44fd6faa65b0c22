/// Bytes that Go's JSON decoder reads and others refuse.
public enum OddText {
    /// Such pieces, for strings or as values.
    public static let inStrings: [[UInt8]] = [
        Array(#"\ud800"#.utf8), Array(#"\udc00"#.utf8), Array(#"\ud800\ud800"#.utf8), Array(#"\ud83d\ude00"#.utf8),
        [0xFF], [0xC0, 0xAF],
        [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x7F],
    ]
    /// Numbers beyond the range of a double or of 64 bits, and some within.
    public static let numbers = [
        "123456789012345678901234567890", "-99999999999999999999", "1e400", "-1e-400", "0.1234567890123456789012",
        "18446744073709551616",
        "403.000000000000000000000000000000", "9223372036854775807", "1E+2",
    ]

    /// A text with every such piece replaced as Go's decoder replaces it: U+FFFD for each byte that is not UTF-8 and
    /// each half of a surrogate pair. Large numbers, which are in no field that is used, become zero.
    public static func replaced(_ text: [UInt8]) -> [UInt8] {
        let replacement = Array("\u{FFFD}".utf8)
        var result: [UInt8] = []
        var isInString = false
        var index = 0
        while index < text.count {
            let byte = text[index]
            if !isInString {
                if byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) {
                    let number = text[index...].prefix { "+-.eE0123456789".utf8.contains($0) }
                    index += number.count
                    result += isModerate(String(decoding: number, as: UTF8.self)) ? Array(number) : [0x30]
                    continue
                }
                isInString = byte == UInt8(ascii: "\"")
                result.append(byte)
                index += 1
            } else if byte == UInt8(ascii: "\\") {
                let unit = unit(text[index...])
                if let unit, (0xDC00...0xDFFF).contains(unit) {
                    result += replacement
                    index += 6
                } else if let unit, (0xD800...0xDBFF).contains(unit) {
                    if let next = self.unit(text[(index + 6)...]), (0xDC00...0xDFFF).contains(next) {
                        result += text[index..<index + 12]
                        index += 12
                    } else {
                        result += replacement
                        index += 6
                    }
                } else {
                    result += text[index...].prefix(2)
                    index += 2
                }
            } else if byte < 0x80 {
                isInString = byte != UInt8(ascii: "\"")
                result.append(byte)
                index += 1
            } else if let length = (2...4).first(where: { length in
                text[index...].count >= length
                    && String(validating: text[index..<index + length], as: UTF8.self)?.unicodeScalars.count == 1
            }) {
                result += text[index..<index + length]
                index += length
            } else {
                result += replacement
                index += 1
            }
        }
        return result
    }

    private static func isModerate(_ number: String) -> Bool {
        // What is no number stays, to be refused.
        guard let value = Double(number) else { return true }
        return abs(value) < 1e15 && (value == 0 || abs(value) > 1e-15)
    }

    /// The code unit of a `\\uXXXX` escape at the beginning of a text.
    private static func unit(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= 6, text.starts(with: Array("\\u".utf8)) else { return nil }
        let digits = text.dropFirst(2).prefix(4)
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
