extension String {
    /// The text that stands behind percent escapes (RFC 3986, 2.1).
    ///
    /// `nil` where an escape is broken or the bytes are not UTF-8: two clients must not mean different paths by one
    /// string, nor a server and a proxy before it.
    init?(percentDecoding text: some Sequence<UInt8>) {
        var decoded: [UInt8] = []
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(Self.hexDigit), let low = bytes.next().flatMap(Self.hexDigit) else {
                return nil
            }
            decoded.append(high << 4 | low)
        }
        self.init(validating: decoded, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
