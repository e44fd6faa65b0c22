/// The target of a request line, without the query (RFC 9112, 3.2).
enum RequestTarget {
    /// The reason why a target is refused.
    struct Refusal: Error, Hashable {
        let reason: String
    }

    /// The path of a target, percent escapes resolved: of `/metrics`, or of the absolute form
    /// `http://host:10403/metrics`, which clients send to proxies, and which every server must accept. The host is not
    /// compared with anything, since a server has many names.
    static func path(of target: some Collection<UInt8>) throws(Refusal) -> String {
        guard let path = String(percentDecoding: try pathBytes(of: target)) else {
            throw Refusal(reason: "the path is not UTF-8 in percent escapes")
        }
        return path
    }

    private static func pathBytes<Target: Collection<UInt8>>(
        of target: Target
    ) throws(Refusal) -> Target.SubSequence {
        // The asterisk, and CONNECT's host and port, have no path; no route matches them.
        guard target.first != UInt8(ascii: "/"), let scheme = scheme(of: target) else { return target[...] }
        guard ["http", "https"].contains(scheme.name) else {
            throw Refusal(reason: "the scheme of the target is neither http nor https")
        }
        let rest = target[scheme.end...]
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let authority = rest[..<end]
        // RFC 9110, 4.2.4: a user in a target is used to show another host than the one that is meant.
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Refusal(reason: "the target holds a user")
        }
        guard isAuthority(authority) else { throw Refusal(reason: "the target holds no valid host") }
        // An empty path means the root (RFC 9110, 4.2.3).
        return end == rest.endIndex ? slash(of: target) : rest[end...]
    }

    /// The scheme in lower case, and where the authority begins; `nil` without `://`.
    private static func scheme<Target: Collection<UInt8>>(of target: Target) -> (name: String, end: Target.Index)? {
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = target[..<colon]
        guard !name.isEmpty, name.allSatisfy(isSchemeByte), target[colon...].starts(with: "://".utf8) else {
            return nil
        }
        return (String(decoding: name, as: UTF8.self).lowercased(), target.index(colon, offsetBy: 3))
    }

    /// The first slash of a target, of which an absolute form has two.
    private static func slash<Target: Collection<UInt8>>(of target: Target) -> Target.SubSequence {
        target.firstIndex(of: UInt8(ascii: "/")).map { target[$0...].prefix(1) } ?? target.prefix(0)
    }

    /// Whether bytes are a host with an optional port: a name, an IPv4 address, or an IPv6 address in brackets.
    private static func isAuthority(_ bytes: some Collection<UInt8>) -> Bool {
        var host = String(decoding: bytes, as: UTF8.self)
        let isLiteral = host.hasPrefix("[")
        if let colon = host.lastIndex(of: ":"), !isLiteral || !host.hasSuffix("]") {
            let port = host[host.index(after: colon)...]
            // The port may be empty (RFC 3986, 3.2.3).
            guard port.isEmpty || (port.utf8.allSatisfy(isDigit) && UInt16(port) != nil) else { return false }
            host = String(host[..<colon])
        }
        return !host.isEmpty && ListenAddress(hostAndPort: "\(host):0") != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: isDigit(byte)
        }
    }
}

extension String {
    /// Resolves percent escapes (RFC 3986, 2.1).
    ///
    /// `nil` if an escape is invalid or the bytes are not UTF-8: one string must mean the same path to all clients, to
    /// the server and to a proxy in front of it.
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
