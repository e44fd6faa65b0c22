import AuditEvents

/// Where requests come from, by network.
public enum SourceNetwork: Sendable, Hashable {
    /// A /24 of IPv4 or a /64 of IPv6.
    case network(Network)
    /// The source is no address.
    case invalid
    /// All networks that gave way to others, or found no place.
    case other

    /// The network of a source's address; `nil` for what stands for many sources.
    init?(_ address: SourceAddress) {
        switch address {
        case .address(let address): self = .network(Network(around: address))
        case .invalid: self = .invalid
        case .other: return nil
        }
    }
}

extension SourceNetwork: CustomStringConvertible {
    /// As it stands in the label `network`.
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

    func combine(into hash: inout SipHash128) {
        if case .network(let network) = self { network.combine(into: &hash) }
    }
}
