/// Where Foundation is no reference: it takes what RFC 8259 forbids, or refuses what that allows.
enum ReferenceLimits {
    /// Whether what Foundation says of these bytes is to be held against the scanner.
    static func covers(_ bytes: [UInt8]) -> Bool {
        // It guesses other encodings by zeros and byte order marks.
        guard !bytes.contains(0), let first = bytes.first, first < 0x80 else { return false }
        // It refuses to go deeper than 512.
        guard bytes.count(where: { "[{".utf8.contains($0) }) < 500 else { return false }
        // Numbers beyond a double are for the parsers to differ in.
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
