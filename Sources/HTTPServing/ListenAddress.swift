/// Where a server listens: `HOST:PORT`, `:PORT` for all addresses of the machine, or `unix:PATH`.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A TCP port. The host is a name or an address without brackets; empty for all addresses. Port 0 is any that is
    /// free.
    case tcp(host: String, port: UInt16)
    /// A Unix domain socket. A path that begins with `@` has no file: systemd can pass such a socket.
    case unix(path: String)

    /// A TCP port.
    public init(host: String, port: UInt16) {
        self = .tcp(host: host, port: port)
    }

    /// Parses `:10403`, `127.0.0.1:0`, `localhost:9100`, `[::1]:9100`, `unix:/run/web.sock`; `nil` for other forms.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard UnixSocketFile.isUsable(path) else { return nil }
            self = .unix(path: path)
        } else {
            self.init(hostAndPort: text)
        }
    }

    /// Parses `HOST:PORT` only, also if the host is called `unix`.
    init?(hostAndPort text: String) {
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

    /// The text that `init(_:)` parses.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The host; empty for all addresses and for a Unix domain socket.
    public var host: String { if case .tcp(let host, _) = self { host } else { "" } }

    /// The port; 0 for any that is free and for a Unix domain socket.
    public var port: UInt16 { if case .tcp(_, let port) = self { port } else { 0 } }

    /// Whether a program cannot listen on both: they have the same port, and one of them includes the other, or they are
    /// the same path. Names and paths are compared as text.
    public func conflicts(with other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)):
            port == otherPort && port != 0
                && (host == otherHost || Self.isWildcard(host) || Self.isWildcard(otherHost))
        case (.unix(let path), .unix(let otherPath)): path == otherPath
        default: false
        }
    }

    private static func isWildcard(_ host: String) -> Bool { ["", "::", "0.0.0.0"].contains(host) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The socket of a server: one that the server makes, or one that the process was given.
public enum Listener: Sendable, Hashable {
    /// The server makes a socket for this address.
    case address(ListenAddress)
    /// The socket exists, and another program keeps it open.
    case activated(ActivatedSocket)

    /// The address.
    public var address: ListenAddress {
        switch self {
        case .address(let address): address
        case .activated(let socket): socket.address
        }
    }
}
