/// Where a server listens: `HOST:PORT`, or `:PORT` for all addresses of the machine.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an address without brackets; empty for all addresses.
    public let host: String
    /// The port; 0 for any that is free.
    public let port: UInt16

    /// An address.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses `:10403`, `127.0.0.1:0`, `localhost:9100`, `[::1]:9100`; `nil` where it is none of these forms.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        let host = text[..<colon]
        if host.first == "[", host.last == "]" {
            let literal = host.dropFirst().dropLast()
            // A zone, as in fe80::1%eth0, is an interface's name.
            guard literal.contains(":"), literal.utf8.allSatisfy({ Self.isNameByte($0) || ":%".utf8.contains($0) })
            else { return nil }
            self.init(host: String(literal), port: port)
        } else {
            guard host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            self.init(host: String(host), port: port)
        }
    }

    /// The form that is parsed.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
