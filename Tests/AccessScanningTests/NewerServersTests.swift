import AccessScanning
import AuditEvents
import Testing
import TestSupport

/// Tests/Fixtures/audit-logs/newer-servers.log
@Suite("Events of newer API servers")
struct NewerServersTests {
    private static let outcomes = ["forbidden", "unauthorized", "allowed"]

    private static func scan() throws -> ScannedEvents {
        let lines = try Fixture.bytes("audit-logs/newer-servers.log")
        var scanner = EventScanner(selecting: [.unauthenticatedForbidden, .unauthorized, .anonymousAllowed])
        return scanner.scan(lines: lines.span.bytes)
    }

    @Test("belong to the outcome, and have the credentials, that they are made for")
    func outcomes() throws {
        let scanned = try Self.scan()
        var counts: [String: Int] = [:]
        for selected in scanned.events {
            var name = (selected.event.sourceIPs.last ?? "") + " " + Self.outcomes[selected.selector]
            if selected.event.responseCode == 401 { name += " " + selected.event.credentials.rawValue }
            counts[name, default: 0] += 1
        }
        // The table in Tests/Fixtures/README.md. Throttled requests, and those with a user, are in none.
        #expect(
            counts == [
                "192.0.2.10 unauthorized unknown": 7, "192.0.2.11 unauthorized none": 6,
                "192.0.2.12 unauthorized presented": 6, "192.0.2.13 unauthorized presented": 5,
                "192.0.2.14 unauthorized unknown": 3, "192.0.2.15 unauthorized unknown": 1, "192.0.2.16 forbidden": 6,
                "192.0.2.17 allowed": 1, "192.0.2.20 unauthorized unknown": 3,
            ])
        #expect(scanned.lines == 43)
        #expect(scanned.malformedCount == 0)
    }

    @Test("have an outcome that filter entries know by the same name")
    func filterOutcomes() throws {
        let network = try #require(Network("192.0.2.0/24"))
        let filter = RequestFilter(
            entries: Outcome.allCases.map {
                FilterEntry(name: $0.rawValue, networks: [network], outcomes: [$0])
            })
        for selected in try Self.scan().events {
            let source = try #require(SourceAttribution().sources(of: selected.event.sourceIPs).first)
            let name = filter.entry(matching: selected.event, from: source)?.name
            #expect(name == Self.outcomes[selected.selector])
        }
    }
}
