import AccessScanning
import Foundation
import Testing
import TestSupport

@Suite("Addresses and networks")
struct IPAddressTests {
    @Test(
        "are written canonically",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:C000:0201", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::192.0.2.1", "::c000:201"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
        ])
    func canonical(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test("are parsed from their own description")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5000 {
            let groups = (0..<8).map { _ in
                Bool.random(using: &random) ? 0 : UInt16.random(in: 0 ... .max, using: &random)
            }
            let address = try #require(IPAddress(groups.map { String($0, radix: 16) }.joined(separator: ":")))
            #expect(IPAddress(address.description) == address)
        }
    }

    @Test(
        "reject all other text",
        arguments: [
            "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "1.2.3.4/32",
            "1.2.3.4\0", "1.2.3.4\05", "::1%lo", "[::1]", "1::2::3", ":::", "12345::", "localhost", "1.2.3.4,5.6.7.8",
            "٣.1.1.1", "0x7f.0.0.1", "2130706433", String(repeating: "1", count: 100_000), "unknown",
            "::ffff:1.2.3.4.5",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("are read as inet_pton reads them, whatever the text")
    func likeTheSystem() {
        var random = SeededGenerator(seed: 5)
        var addresses = 0
        for _ in 0..<20_000 {
            var text = (0..<4).map { _ in String(Int.random(in: 0...300, using: &random)) }.joined(separator: ".")
            // Half of them with a character removed, inserted or replaced.
            if Bool.random(using: &random) {
                let place = text.index(text.startIndex, offsetBy: Int.random(in: 0..<text.count, using: &random))
                let other = "0123456789.. -:x\0".randomElement(using: &random).map(String.init) ?? ""
                let end = Bool.random(using: &random) ? text.index(after: place) : place
                text.replaceSubrange(place..<end, with: Bool.random(using: &random) ? other : "")
            }
            var expected = in_addr()
            let isAddress = !text.utf8.contains(0) && inet_pton(AF_INET, text, &expected) == 1
            let bytes = withUnsafeBytes(of: expected) { Array($0) }
            #expect(IPAddress(text)?.bytes.suffix(4).elementsEqual(bytes) == (isAddress ? true : nil), "\(text)")
            addresses += isAddress ? 1 : 0
        }
        #expect(5000...15_000 ~= addresses)
    }

    @Test(
        "are inside or outside a network",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "203.0.113.1", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "2001:db8::1", true),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::/33", "2001:db8:7fff::", true),
            ("2001:db8::/33", "2001:db8:8000::", false), ("2001:db8::/64", "2001:db8::ffff", true),
            ("2001:db8::/127", "2001:db8::2", false), ("::ffff:10.0.0.0/104", "10.1.1.1", true),
        ])
    func networks(network: String, address: String, isInside: Bool) throws {
        #expect(try #require(Network(network)).contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(
        "of networks are written in CIDR notation",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0/8"), ("::1", "::1/128"), ("192.0.2.1", "192.0.2.1/32"),
            ("2001:DB8::/32", "2001:db8::/32"),
        ])
    func networkText(text: String, canonical: String) throws {
        #expect(try #require(Network(text)).description == canonical)
    }

    @Test(
        "with bits after their prefix are refused with the right network, where people write them",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0/8", "10.1.2.3"), ("2001:DB8::1/32", "2001:db8::/32", "2001:db8::1"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8", "10.1.2.3"), ("192.0.2.1/0", "0.0.0.0/0", "192.0.2.1"),
        ])
    func hostBits(text: String, network: String, address: String) throws {
        let error = #expect(throws: NetworkSyntaxError.self) { try Network(validating: text) }
        #expect(
            error?.reason == "has bits after its prefix; give \(network) for the network, or \(address) for the address"
        )
        #expect(try Network(validating: network).description == network)
        #expect(try Network(validating: address) == Network(address))
    }

    @Test(
        "with an invalid prefix length are not a network",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "::/ 1",
            "10.0.0.0/99999999999999999999", "x/8",
        ])
    func noNetworks(text: String) {
        #expect(Network(text) == nil)
    }
}
