import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The filter")
struct RequestFilterTests {
    private static func entry(
        _ name: String = "probes", networks: [String]? = nil, userAgents: [String]? = nil, requestURIs: [String]? = nil
    ) -> FilterEntry {
        FilterEntry(
            name: name, networks: networks.map { $0.compactMap(Network.init) },
            userAgents: userAgents.map { $0.compactMap(Glob.init) },
            requestURIs: requestURIs.map { $0.compactMap(Glob.init) })
    }

    private static func event(
        _ number: Int = 1, from sourceIPs: [String] = ["192.0.2.1"], userAgent: String? = "kube-probe/1.29",
        requestURI: String = "/readyz", stage: String = "ResponseComplete", at stamp: Int = 0
    ) -> AuditEvent {
        AuditEvent(
            auditID: "\(number)", stage: stage, requestURI: requestURI, sourceIPs: sourceIPs, userAgent: userAgent,
            stageTimestamp: "\(stamp)")
    }

    private static func detector(_ entries: [FilterEntry], trusting proxies: [String] = []) -> AccessScanningDetector {
        AccessScanningDetector(
            [.forbidden], attribution: SourceAttribution(trustedProxies: proxies.compactMap(Network.init)),
            filter: RequestFilter(entries: entries))
    }

    @Test("excludes a request from all its sources, and counts it under the first matching entry")
    func filtered() {
        var detector = Self.detector([
            Self.entry("other", networks: ["198.51.100.0/24"]), Self.entry("first", networks: ["192.0.2.0/24"]),
            Self.entry("second", networks: ["192.0.2.1"]),
        ])
        detector.observe([Self.event(1, from: ["203.0.113.9", "192.0.2.1"]), Self.event(2, from: ["203.0.113.9"])])
        #expect(detector.counts == ["203.0.113.9 verified": 1])
        #expect(detector.filteredRequests == ["other": 0, "first": 1, "second": 0])
    }

    @Test("requires all conditions of an entry, and any value of each")
    func conditions() {
        let entry = Self.entry(
            networks: ["10.0.0.0/8", "192.0.2.1"], userAgents: ["kube-probe/*", "curl"],
            requestURIs: ["/livez*", "/readyz"])
        let cases: [(AuditEvent, Bool)] = [
            (Self.event(), true), (Self.event(from: ["10.9.9.9"], userAgent: "curl", requestURI: "/livez/a"), true),
            (Self.event(from: ["::ffff:10.0.0.1"]), true),
            (Self.event(from: ["192.0.2.2"]), false), (Self.event(userAgent: "curl/8"), false),
            (Self.event(userAgent: nil), false), (Self.event(requestURI: "/readyz?x"), false),
            (Self.event(from: []), false), (Self.event(from: ["nonsense"]), false),
        ]
        for (event, isFiltered) in cases {
            var detector = Self.detector([entry])
            detector.observe([event])
            #expect(detector.filteredRequests["probes"] == (isFiltered ? 1 : 0), "\(event)")
            #expect(detector.sum == (isFiltered ? 0 : 1), "\(event)")
        }
    }

    @Test("distinguishes verbs, and outcomes by the code of the response")
    func verbsAndOutcomes() throws {
        let network = try #require(Network("192.0.2.0/24"))
        let filter = { (verbs: [String]?, outcomes: [Outcome]?) in
            RequestFilter(entries: [
                FilterEntry(name: "probes", networks: [network], verbs: verbs, outcomes: outcomes)
            ])
        }
        let source = Source(.address(try #require(IPAddress("192.0.2.1"))), .verified)
        let matches = { (filter: RequestFilter, verb: String, code: Int?) in
            filter.entry(matching: AuditEvent(verb: verb, responseCode: code), from: source) != nil
        }
        #expect(
            ["get", "list", "GET", ""].map { matches(filter(["get", "head"], nil), $0, 401) } == [
                true, false, false, false,
            ])
        let codes: [Int?] = [99, 100, 200, 302, 399, 400, 401, 403, 429, 500, nil]
        let matching = { (outcomes: [Outcome]?) in
            codes.filter { matches(filter(nil, outcomes), "get", $0) }
        }
        #expect(matching([.forbidden]) == [403])
        #expect(matching([.unauthorized]) == [401])
        #expect(matching([.allowed]) == [100, 200, 302, 399])
        #expect(matching([.unauthorized, .forbidden]) == [401, 403])
        #expect(matching(nil) == codes)
        #expect(matches(filter(["get"], [.forbidden]), "get", 403))
        #expect(!matches(filter(["get"], [.forbidden]), "list", 403))
        #expect(!matches(filter(["get"], [.forbidden]), "get", 401))
    }

    @Test("treats a request without a user agent as one with an empty user agent")
    func noUserAgent() {
        var detector = Self.detector([Self.entry(userAgents: [""])])
        detector.observe([Self.event(1, userAgent: nil), Self.event(2, userAgent: ""), Self.event(3)])
        #expect(detector.filteredRequests == ["probes": 2])
        #expect(detector.sum == 1)
    }

    @Test("matches only verified addresses, never claimed ones")
    func claimed() {
        let entries = [Self.entry(networks: ["10.0.0.0/8"])]
        var detector = Self.detector(entries)
        detector.observe([Self.event(1, from: ["10.0.0.1", "192.0.2.1"])])
        #expect(detector.counts == ["192.0.2.1 verified": 1, "10.0.0.1 claimed": 1])
        #expect(detector.filteredRequests == ["probes": 0])
        // Behind a trusted proxy it is the address that the proxy saw.
        var behindProxy = Self.detector(entries, trusting: ["192.0.2.1"])
        behindProxy.observe([
            Self.event(1, from: ["10.0.0.1", "192.0.2.1"]),
            Self.event(2, from: ["10.0.0.1", "203.0.113.9", "192.0.2.1"]),
        ])
        #expect(behindProxy.filteredRequests == ["probes": 1])
        #expect(behindProxy.counts == ["203.0.113.9 verified": 1, "10.0.0.1 claimed": 1])
    }

    @Test("counts a request once, whatever its stages, repetitions and later filters")
    func once() {
        var detector = Self.detector([Self.entry(requestURIs: ["/readyz"])])
        let stages = [Self.event(stage: "ResponseStarted", at: 1), Self.event(at: 2)]
        detector.observe(stages + stages)
        #expect(detector.filteredRequests == ["probes": 1])
        #expect(detector.duplicateEvents == 3)
        detector.filter = RequestFilter()
        detector.observe(stages)
        #expect(detector.filteredRequests == ["probes": 1], "a removed entry keeps its count")
        #expect(detector.sum == 0)
        detector.observe([Self.event(2)])
        #expect(detector.sum == 1)
        detector.filter = RequestFilter(entries: [
            Self.entry("new", requestURIs: ["*"]), Self.entry(networks: ["::/0"]),
        ])
        detector.observe([Self.event(2), Self.event(3)])
        #expect(detector.filteredRequests == ["probes": 1, "new": 1])
        #expect(detector.sum == 1)
    }

    @Test("counts, together with the sources, every request, and each entry according to its rule")
    func sum() {
        var random = SeededGenerator(seed: 17)
        var detector = Self.detector([Self.entry("a", networks: ["192.0.2.0/30"]), Self.entry("b", userAgents: ["x*"])])
        var expected = ["a": UInt64(0), "b": 0]
        var reported: UInt64 = 0
        for number in 0..<2000 {
            let host = Int.random(in: 0..<16, using: &random)
            let userAgent = ["x", "xy", "y", nil].randomElement(using: &random) ?? nil
            detector.observe([Self.event(number, from: ["192.0.2.\(host)"], userAgent: userAgent)])
            if host < 4 {
                expected["a", default: 0] += 1
            } else if userAgent?.hasPrefix("x") == true {
                expected["b", default: 0] += 1
            } else {
                reported += 1
            }
        }
        #expect(detector.filteredRequests == expected)
        #expect(detector.sum == reported)
    }
}
