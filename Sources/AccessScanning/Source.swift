import AuditEvents

/// The address that a request is attributed to.
public enum SourceAddress: Sendable, Hashable {
    /// An address.
    case address(IPAddress)
    /// An entry that is not an address, or a request without any entry.
    case invalid
    /// All sources that were displaced or got no counter.
    case other
}

extension SourceAddress: CustomStringConvertible {
    /// The value of the label `src_ip`.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .invalid: "invalid"
        case .other: "other"
        }
    }

    /// Appends the value of the label `src_ip` to a text.
    public func write(to text: inout [UInt8]) {
        switch self {
        case .address(let address): address.write(to: &text)
        case .invalid, .other: text += description.utf8
        }
    }
}

extension SourceAddress {
    /// The address of which a text is the `src_ip`, or another spelling of an IP address; `nil` for any other text.
    public init?(_ text: String) {
        switch text {
        case "invalid": self = .invalid
        case "other": self = .other
        default:
            guard let address = IPAddress(text) else { return nil }
            self = .address(address)
        }
    }
}

/// How the address of a source is known.
public enum Origin: String, Sendable, Hashable, CaseIterable {
    /// From the connection or from a trusted proxy: it cannot be forged.
    case verified
    /// From a header that the client wrote.
    case claimed
}

/// A source of requests: an address, and how it is known.
public struct Source: Sendable, Hashable {
    /// Its address.
    public let address: SourceAddress
    /// How the address is known.
    public let origin: Origin

    /// The source with this address.
    public init(_ address: SourceAddress, _ origin: Origin) {
        self.address = address
        self.origin = origin
    }
}

extension Source: Comparable {
    /// IPv4 addresses precede IPv6 ones, each by number; `invalid` and `other` follow. A verified source precedes the
    /// claimed one with the same address.
    public static func < (one: Source, other: Source) -> Bool { one.rank < other.rank }

    private var rank: (Int, UInt64, UInt64, Int) {
        let originRank = origin == .verified ? 0 : 1
        return switch address {
        case .address(let address): (address.isIPv4 ? 0 : 1, address.high, address.low, originRank)
        case .invalid: (2, 0, 0, originRank)
        case .other: (3, 0, 0, originRank)
        }
    }
}

/// The network that a request is attributed to.
public enum SourceNetwork: Sendable, Hashable {
    /// A /24 of IPv4 or a /64 of IPv6.
    case network(Network)
    /// The source is not an address.
    case invalid
    /// All networks that were displaced or got no counter.
    case other

    /// The network of an address; `nil` for `other`, which stands for many sources.
    init?(_ address: SourceAddress) {
        switch address {
        case .address(let address): self = .network(Network(around: address))
        case .invalid: self = .invalid
        case .other: return nil
        }
    }
}

extension SourceNetwork: CustomStringConvertible {
    /// The value of the label `network`.
    public var description: String {
        switch self {
        case .network(let network): network.description
        case .invalid: "invalid"
        case .other: "other"
        }
    }
}

extension SourceNetwork: CountedSubject {
    var isBudgeted: Bool {
        if case .network = self { true } else { false }
    }

    var other: SourceNetwork { .other }

    func combine(into hash: inout SipHash128) {
        if case .network(let network) = self { network.combine(into: &hash) }
    }
}

/// The location of an address, by English names; empty if unknown.
public struct Location: Sendable, Hashable {
    /// The country's name, such as `Germany`.
    public var country: String
    /// The city's name, such as `Berlin`.
    public var city: String

    /// An unknown location.
    public static let unknown = Location(country: "", city: "")

    /// A place.
    public init(country: String, city: String) {
        self.country = country
        self.city = city
    }
}

/// How requests map to client addresses.
///
/// The API server fills `sourceIPs` with the addresses from the client's headers and, last, the address of the
/// connection. So the last one is verified and the others are claimed, unless the connection comes from a trusted
/// proxy, which has written the entry before its own.
public struct SourceAttribution: Sendable {
    private let trustedProxies: [Network]

    /// - Parameter trustedProxies: Networks of proxies that set `X-Forwarded-For` to one line with the address of their
    ///   client, and remove `X-Real-Ip`.
    public init(trustedProxies: [Network] = []) {
        self.trustedProxies = trustedProxies
    }

    /// The distinct sources of a request, the verified one first. An entry that is not an address is `invalid`.
    ///
    /// Entries are skipped from the right while they are in a trusted network; the first one outside is verified, and
    /// those to its left are claimed. If all are trusted, the leftmost one is verified. An address that is both
    /// verified and claimed counts as verified.
    ///
    /// - Parameter sourceIPs: As in the audit event; a request without any entry has an `invalid` source.
    public func sources(of sourceIPs: [String]) -> [Source] {
        let addresses = sourceIPs.map { IPAddress($0).map(SourceAddress.address) ?? .invalid }
        guard !addresses.isEmpty else { return [Source(.invalid, .verified)] }
        let verified = addresses.lastIndex { !isTrusted($0) } ?? 0
        var sources = [Source(addresses[verified], .verified)]
        var seen: Set<SourceAddress> = [addresses[verified]]
        for address in addresses[..<verified] where seen.insert(address).inserted {
            sources.append(Source(address, .claimed))
        }
        return sources
    }

    private func isTrusted(_ address: SourceAddress) -> Bool {
        guard case .address(let address) = address else { return false }
        return trustedProxies.contains { $0.contains(address) }
    }
}
