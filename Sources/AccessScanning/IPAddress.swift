import AuditEvents

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An IP address. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address, since both name one host.
public struct IPAddress: Sendable, Hashable {
    // In host byte order; an IPv4 address is held as ::ffff:a.b.c.d.
    let high: UInt64
    let low: UInt64

    /// Parses an address as `inet_pton` does: no brackets, port, zone, prefix length or spaces.
    ///
    /// - Parameter text: Any text; the result is `nil` if it is not an address.
    public init?(_ text: String) {
        if let address = Self.dottedDecimal(text) {
            self.init(v4: address)
            return
        }
        // The C function would stop at a NUL, and an address is never longer than this.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            var address = in6_addr()
            guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
            self = withUnsafeBytes(of: address) {
                IPAddress(
                    high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            }
        } else {
            var address = in_addr()
            guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
            self.init(v4: UInt32(bigEndian: address.s_addr))
        }
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(v4: UInt32) {
        high = 0
        low = Self.v4Prefix | UInt64(v4)
    }

    /// The IPv4 address that a text is in the usual form, which nearly all addresses have; `nil` for any other text, also
    /// if it may be an address. It takes a fraction of the time of the C function.
    private static func dottedDecimal(_ text: String) -> UInt32? {
        guard 7...15 ~= text.utf8.count else { return nil }
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // No part begins with a zero but zero itself.
                guard digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard part <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, dots < 3 else { return nil }
                address = address << 8 | part
                (part, digits) = (0, 0)
                dots += 1
            default: return nil
            }
        }
        return digits > 0 && dots == 3 ? address << 8 | part : nil
    }

    private static let v4Prefix: UInt64 = 0xffff << 32

    /// Whether it is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The sixteen bytes of the address in network order.
    public var bytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) } }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical form: dotted decimal, or RFC 5952 (lower case, the longest run of zeros compressed).
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(39)
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends `description` to a text, without a string: a scrape may write 100,000 of them.
    public func write(to text: inout [UInt8]) {
        if isIPv4 { writeIPv4(to: &text) } else { writeIPv6(to: &text) }
    }

    private func writeIPv4(to text: inout [UInt8]) {
        // All at once: each change of the text takes about as much time as the digits.
        var digits: UInt128 = 0
        var count: UInt128 = 0
        func append(_ digit: UInt8) {
            digits |= UInt128(digit) &<< (8 &* count)
            count &+= 1
        }
        for index in 0..<4 {
            if index > 0 { append(UInt8(ascii: ".")) }
            let part = UInt8(truncatingIfNeeded: low >> (24 - 8 * UInt64(index)))
            if part >= 100 { append(UInt8(ascii: "0") + part / 100) }
            if part >= 10 { append(UInt8(ascii: "0") + part / 10 % 10) }
            append(UInt8(ascii: "0") + part % 10)
        }
        withUnsafeBytes(of: digits.littleEndian) { text.append(contentsOf: $0[..<Int(count)]) }
    }

    private func writeIPv6(to text: inout [UInt8]) {
        let zeros = longestZeroRun
        var index = 0
        while index < 8 {
            if zeros.count > 1, index == zeros.lowerBound {
                text.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: ":")])
                index = zeros.upperBound
                continue
            }
            if index > 0, index != zeros.upperBound || zeros.count < 2 { text.append(UInt8(ascii: ":")) }
            write(group(index), to: &text)
            index += 1
        }
    }

    private func write(_ group: UInt16, to text: inout [UInt8]) {
        var shift = (15 - min(15, group.leadingZeroBitCount)) / 4 * 4
        while shift >= 0 {
            let digit = UInt8(group >> UInt16(shift) & 0xf)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift -= 4
        }
    }

    /// One of the eight groups.
    private func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)))
    }

    /// The first of the longest runs of zeros.
    private var longestZeroRun: Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0..<8 {
            if group(index) != 0 { start = index + 1 }
            if index + 1 - start > longest.count { longest = start..<index + 1 }
        }
        return longest
    }
}

/// A block of IP addresses, such as `10.0.0.0/8` or `2001:db8::/32`.
public struct Network: Sendable, Hashable {
    private let base: IPAddress
    // In a 128-bit address; the length of an IPv4 prefix is 96 more than its notation says.
    private let prefixLength: Int

    /// Parses CIDR notation that a program wrote. An address without a prefix length is the network of that one address;
    /// bits after the prefix are ignored.
    ///
    /// - Parameter text: `ADDRESS/LENGTH` or `ADDRESS`; the result is `nil` for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        // The prefix length of an IPv4-mapped IPv6 address counts from 128 bits too.
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

    /// The network that usually belongs to one owner: the /24 of an IPv4 address, the /64 of an IPv6 address.
    init(around address: IPAddress) {
        prefixLength = address.isIPv4 ? 96 + 24 : 64
        base = Self.masked(address, prefixLength)
    }

    /// Adds the network to a hash.
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

/// The reason why a text that people wrote is not a network.
public struct NetworkSyntaxError: Error, Sendable, Hashable {
    /// The defect and its correction, to be read after the text.
    public let reason: String
}

extension Network {
    /// Parses CIDR notation that people wrote. Bits after the prefix are an error, since either the address or the length
    /// is wrong then.
    ///
    /// - Parameter text: `ADDRESS/LENGTH` or `ADDRESS`.
    public init(validating text: String) throws(NetworkSyntaxError) {
        guard let network = Network(text), let address = IPAddress(String(text.prefix { $0 != "/" })) else {
            throw NetworkSyntaxError(reason: "is not a network; give CIDR such as 10.0.0.0/8 or 2001:db8::/32")
        }
        guard network.base == address else {
            throw NetworkSyntaxError(
                reason: "has bits after its prefix; give \(network) for the network, or \(address) for the address")
        }
        self = network
    }
}

extension Network: CustomStringConvertible {
    /// CIDR notation, the address in canonical form.
    public var description: String {
        base.isIPv4 && prefixLength >= 96 ? "\(base)/\(prefixLength - 96)" : "\(base)/\(prefixLength)"
    }
}
