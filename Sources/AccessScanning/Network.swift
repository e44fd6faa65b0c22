import AuditEvents

/// A block of IP addresses, such as `10.0.0.0/8` or `2001:db8::/32`.
public struct Network: Sendable, Hashable {
    private let base: IPAddress
    // Of 128; an IPv4 prefix has 96 more than it is written with.
    private let prefixLength: Int

    /// Parses CIDR notation; an address without a prefix length is the network of that one address. Bits behind the
    /// prefix are ignored.
    ///
    /// - Parameter text: `ADDRESS/LENGTH` or `ADDRESS`; `nil` where it is neither.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        // Written as IPv4 or as IPv4-mapped IPv6: then the length is counted of 128.
        let bits = parts[0].utf8.contains(UInt8(ascii: ":")) ? 128 : 32
        var length = bits
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let written = Int(parts[1]), written <= bits
            else { return nil }
            length = written
        }
        prefixLength = length + 128 - bits
        base = Self.masked(address, prefixLength)
    }

    /// The network that one owner usually has as a whole: the /24 of an IPv4 address, the /64 of an IPv6 address.
    init(around address: IPAddress) {
        prefixLength = address.isIPv4 ? 96 + 24 : 64
        base = Self.masked(address, prefixLength)
    }

    /// Adds to a hash what tells it from others.
    func combine(into hash: inout SipHash128) {
        hash.combine(base.high)
        hash.combine(base.low)
        hash.combine(UInt64(prefixLength))
    }

    /// Whether `address` lies in this network.
    public func contains(_ address: IPAddress) -> Bool {
        Self.masked(address, prefixLength) == base
    }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        // A shift by as many bits as there are, or more, gives zero in Swift.
        IPAddress(
            high: address.high & (UInt64.max << UInt64(max(0, 64 - length))),
            low: address.low & (UInt64.max << UInt64(min(64, 128 - length))))
    }
}

extension Network: CustomStringConvertible {
    /// CIDR notation, the address in canonical form.
    public var description: String {
        base.isIPv4 && prefixLength >= 96 ? "\(base)/\(prefixLength - 96)" : "\(base)/\(prefixLength)"
    }
}
