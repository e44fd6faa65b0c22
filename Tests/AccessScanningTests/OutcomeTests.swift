import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The outcomes of requests")
struct OutcomeTests {
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]

    private static func events(of log: String) throws -> [SelectedEvent] {
        var scanner = EventScanner(selecting: analytics.map(\.selector))
        let bytes = try Fixture.bytes(log)
        return scanner.scan(lines: bytes.span.bytes).events
    }

    @Test("that are unauthorized are counted by credentials: a source has a counter for each kind")
    func credentials() throws {
        var detector = AccessScanningDetector(Self.analytics)
        for selected in try Self.events(of: "audit-logs/newer-servers.log") {
            detector.observe(selected.event, of: selected.selector, at: 1000)
        }
        let counters = detector.ledgers[1].counts.sources.counters
        let counts = Dictionary(
            uniqueKeysWithValues: counters.map {
                ("\($0.source.address) \($0.credentials?.rawValue ?? "")", $0.requests)
            })
        #expect(
            counts == [
                "192.0.2.10 unknown": 7, "192.0.2.11 none": 6, "192.0.2.12 presented": 6, "192.0.2.13 presented": 5,
                "192.0.2.14 unknown": 3, "192.0.2.15 unknown": 1, "192.0.2.20 unknown": 3,
            ])
        #expect(detector.ledgers[0].counts.sources.counters.map(\.requests) == [6])
        #expect(detector.ledgers[2].counts.sources.counters.map(\.requests) == [1])
    }

    @Test("change nothing for the analytic: its counts are those without other outcomes")
    func analytic() throws {
        for log in ["metadata.log", "hardened.log", "outcomes.log", "newer-servers.log", "unauthorized.log"] {
            var (alone, all) = (AccessScanningDetector([.forbidden]), AccessScanningDetector(Self.analytics))
            alone.observe(selectedEvents(lines: try Fixture.bytes("audit-logs/\(log)")))
            for selected in try Self.events(of: "audit-logs/\(log)") {
                all.observe(selected.event, of: selected.selector, at: 1000)
            }
            #expect(alone.counts == all.counts, "\(log)")
        }
    }

    @Test("are separate: an event belongs to one at most")
    func separate() throws {
        let event = { (user: String, code: Int, path: String) in
            Array(
                #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get","requestURI":"\#(path)","user":\#(user),"#
                    .utf8) + Array(#""responseStatus":{"code":\#(code)}}"#.utf8)
        }
        let anonymous = #"{"username":"system:anonymous","groups":["system:unauthenticated"]}"#
        let users = [
            anonymous, "{}", "null", #"{"username":"","groups":["system:unauthenticated"]}"#, #"{"username":"a"}"#,
        ]
        for user in users {
            for code in [0, 99, 100, 101, 200, 304, 399, 400, 401, 403, 404, 429, 500] {
                for path in ["/api", "/healthz", "/version/"] {
                    let line = event(user, code, path)
                    let matches = Self.analytics.filter { analytic in
                        var scanner = EventScanner(selecting: [analytic.selector])
                        return !scanner.scan(lines: line.span.bytes).events.isEmpty
                    }
                    #expect(matches.count <= 1, "\(user) \(code) \(path): \(matches.map(\.name))")
                }
            }
        }
    }
}
