import AccessScanning
import Testing

@Suite("A request is attributed")
struct SourceAttributionTests {
    private func sources(_ sourceIPs: [String], trusting proxies: [String] = []) throws -> [String] {
        let attribution = SourceAttribution(trustedProxies: try proxies.map { try #require(Network($0)) })
        return attribution.sources(of: sourceIPs).map { "\($0.address) \($0.origin)" }
    }

    @Test("to the connection's address as verified, and to the entries before it as claimed")
    func lastIsVerified() throws {
        #expect(try sources(["198.51.100.7", "192.0.2.1"]) == ["192.0.2.1 verified", "198.51.100.7 claimed"])
    }

    @Test("to each distinct address once, in whatever form it was written")
    func distinct() throws {
        #expect(
            try sources(["8.8.8.8", "::ffff:8.8.8.8", "2001:DB8::1", "2001:db8:0::1", "192.0.2.1"])
                == ["192.0.2.1 verified", "8.8.8.8 claimed", "2001:db8::1 claimed"])
    }

    @Test("to an address that is both verified and claimed as to a verified one")
    func verifiedWins() throws {
        #expect(try sources(["192.0.2.1", "8.8.8.8", "192.0.2.1"]) == ["192.0.2.1 verified", "8.8.8.8 claimed"])
    }

    @Test("to `invalid` without a valid address")
    func invalid() throws {
        #expect(try sources([]) == ["invalid verified"])
        #expect(try sources(["not an address"]) == ["invalid verified"])
        #expect(try sources(["x", "y", "192.0.2.1"]) == ["192.0.2.1 verified", "invalid claimed"])
        #expect(try sources(["x", "y"]) == ["invalid verified"])
    }

    @Test("to the first address from the right that is not a trusted proxy")
    func trustedProxies() throws {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"]
        #expect(try sources(["203.0.113.9", "10.0.0.1"], trusting: trusted) == ["203.0.113.9 verified"])
        #expect(
            try sources(["198.51.100.7", "203.0.113.9", "2001:db8::5", "10.0.0.1"], trusting: trusted)
                == ["203.0.113.9 verified", "198.51.100.7 claimed"])
        // A trusted address that the client claims is only claimed.
        #expect(
            try sources(["10.0.0.9", "203.0.113.9", "10.0.0.1"], trusting: trusted)
                == ["203.0.113.9 verified", "10.0.0.9 claimed"])
        #expect(try sources(["203.0.113.9"], trusting: trusted) == ["203.0.113.9 verified"])
    }

    @Test("to the leftmost if all are trusted")
    func allTrusted() throws {
        #expect(try sources(["10.0.0.3", "10.0.0.2", "10.0.0.1"], trusting: ["10.0.0.0/8"]) == ["10.0.0.3 verified"])
    }

    @Test("to the entry that a trusted proxy wrote, even if it is not an address")
    func invalidBehindProxy() throws {
        #expect(
            try sources(["203.0.113.9", "unknown", "10.0.0.1"], trusting: ["10.0.0.0/8"])
                == ["invalid verified", "203.0.113.9 claimed"])
    }
}
