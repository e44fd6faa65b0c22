/// Says which sources a request is attributed to.
///
/// The API server writes into `sourceIPs` what the client's headers claim, and last the address of the connection. So
/// the last one is verified and the others are claimed, unless the connection comes from a proxy that is trusted to
/// have written the entry before its own.
public struct SourceAttribution: Sendable {
    private let trustedProxies: [Network]

    /// - Parameter trustedProxies: Where proxies stand that append the address of their client to `X-Forwarded-For`.
    public init(trustedProxies: [Network] = []) {
        self.trustedProxies = trustedProxies
    }

    /// The distinct sources of a request, the verified one first; what is no address is `invalid`.
    ///
    /// Entries are taken from the right while they are inside a trusted network; the first one outside is verified,
    /// and what lies left of it is claimed. If all are trusted, the leftmost is verified. An address that is both
    /// counts as verified.
    ///
    /// - Parameter sourceIPs: As in the audit event; without any entry the request is of an `invalid` source.
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
