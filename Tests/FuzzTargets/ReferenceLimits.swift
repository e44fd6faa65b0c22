/// Inputs for which Foundation is not a reference: it accepts what RFC 8259 forbids, or rejects what it allows.
enum ReferenceLimits {
    /// Whether Foundation's result for these bytes can be compared with the scanner's.
    static func covers(_ bytes: [UInt8]) -> Bool {
        // It guesses other encodings from zeros and byte order marks.
        guard !bytes.contains(0), let first = bytes.first, first < 0x80 else { return false }
        // It rejects a nesting deeper than 512.
        guard bytes.count(where: { "[{".utf8.contains($0) }) < 500 else { return false }
        // Parsers may differ on numbers beyond a double.
        return !hasLongNumber(bytes)
    }

    private static func hasLongNumber(_ bytes: [UInt8]) -> Bool {
        var digits = 0
        var hasExponent = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "e"), UInt8(ascii: "E"): hasExponent = digits > 0
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): break
            default: (digits, hasExponent) = (0, false)
            }
            if digits > 15 || hasExponent && digits > 4 { return true }
        }
        return false
    }
}
