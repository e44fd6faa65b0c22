import AccessScanning

/// An accepted address or network has the same meaning in its canonical form, and a network contains its base.
///
/// A line feed splits the input: a network before it, an address after it.
enum AddressesTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let address = IPAddress(parts.last ?? "")
        if let address {
            let canonical = address.description
            try Disagreement.unless(IPAddress(canonical) == address, "\(canonical) is another address")
            try Disagreement.unless(canonical == IPAddress(canonical)?.description, "\(canonical) is not canonical")
            try Disagreement.unless(
                Network(canonical)?.contains(address) == true, "\(canonical) is not in the network of itself")
            try Disagreement.unless(
                Network("::/0")?.contains(address) == true, "\(canonical) is not among all addresses")
        }
        guard let network = Network(parts.first ?? "") else { return }
        let canonical = network.description
        try Disagreement.unless(Network(canonical) == network, "\(canonical) is another network")
        let base = canonical.prefix { $0 != "/" }
        try Disagreement.unless(
            IPAddress(String(base)).map(network.contains) == true, "\(canonical) does not contain its base")
        guard let address, let length = canonical.split(separator: "/").last, network.contains(address) else { return }
        // A contained address may replace the base; the prefix length of IPv4 is counted from 32.
        let written = address.isIPv4 == !base.contains(":") ? length[...] : "0"
        guard address.isIPv4 == !base.contains(":") else { return }
        try Disagreement.unless(
            Network("\(address)/\(written)") == network, "\(canonical) contains \(address), which gives another network"
        )
    }
}
