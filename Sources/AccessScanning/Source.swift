import AuditEvents

/// Who a counted request is attributed to.
public enum SourceAddress: Sendable, Hashable {
    /// An address.
    case address(IPAddress)
    /// What should have been an address and is none, and a request without any.
    case invalid
    /// All sources that gave way to others, or found no place.
    case other
}

extension SourceAddress: CustomStringConvertible {
    /// As it stands in the label `src_ip`.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .invalid: "invalid"
        case .other: "other"
        }
    }
}

/// How a source address is known.
public enum Origin: String, Sendable, Hashable, CaseIterable {
    /// From the connection, or from a proxy that is trusted: it cannot be forged.
    case verified
    /// The client wrote it into a header.
    case claimed
}

/// A source of requests; each has a counter of its own.
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

extension Source: CountedSubject {
    var isBudgeted: Bool {
        if case .address = address { true } else { false }
    }

    func combine(into hash: inout SipHash128) {
        guard case .address(let address) = address else { return }
        hash.combine(address.high)
        hash.combine(address.low)
    }
}
