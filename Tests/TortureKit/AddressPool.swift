import TestSupport

/// Addresses, each with its possible notations.
struct AddressPool: Sendable {
    private struct Address {
        let canonical: String
        let spellings: [String]
    }

    private let addresses: [Address]

    /// - Parameters:
    ///   - network: From 1 to 9; pools of different networks have no address in common.
    ///   - count: Number of addresses; a third of them are IPv6.
    init(network: Int, count: Int) {
        addresses = (1...count).map { host in
            guard host % 3 == 0 else {
                let address = "10.\(network).\(host / 200).\(host % 200 + 1)"
                return Address(canonical: address, spellings: [address, address, address, "::ffff:\(address)"])
            }
            let hexadecimal = String(host, radix: 16)
            let padded = String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal.uppercased()
            let address = "2001:db8:\(network)::\(hexadecimal)"
            return Address(
                canonical: address, spellings: [address, "2001:0DB8:000\(network):0000:0000:0000:0000:\(padded)"])
        }
    }

    /// A random address, some much more frequent than others, in canonical form and as written.
    func pick(using random: inout SeededGenerator) -> (canonical: String, spelling: String) {
        let share = Double.random(in: 0..<1, using: &random)
        let address = addresses[Int(share * share * Double(addresses.count))]
        return (address.canonical, address.spellings.randomElement(using: &random) ?? address.canonical)
    }
}
