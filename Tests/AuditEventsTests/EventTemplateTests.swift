import AuditEvents
import TestSupport
import Testing

/// A scanner that has met the same event before finds in a line what a new one finds.
@Suite("Events that are like an earlier one")
struct EventTemplateTests {
    private static let selectors = FastScanAgreesWithFullParseTests.selectors

    /// What a scanner finds in one line, and whether an event of it had a template.
    private static func scan(_ line: [UInt8], _ scanner: inout EventScanner) -> (found: ScannedEvents, known: Bool) {
        var (events, isKnown) = ([SelectedEvent](), false)
        var found = scanner.scan(lines: line.span.bytes) { event in
            events.append(SelectedEvent(event.copy(), selector: event.selector))
            isKnown = isKnown || event.template != 0
        }
        found.events = events
        return (found, isKnown)
    }

    private static func agrees(on lines: [[UInt8]]) -> Int {
        var scanner = EventScanner(selecting: selectors)
        var known = 0
        for line in lines {
            var new = EventScanner(selecting: selectors)
            let found = scan(line, &scanner)
            #expect(found.found == scan(line, &new).found, "\(String(decoding: line, as: UTF8.self))")
            known += found.known ? 1 : 0
        }
        return known
    }

    private static func line(_ number: Int, _ change: (inout AuditLine) -> Void = { _ in }) -> AuditLine {
        var line = AuditLine(from: ["192.0.2.\(number % 7)"], auditID: "id \(number)")
        line.reached = "2026-11-23T23:10:0\(number % 10).716266Z"
        change(&line)
        return line
    }

    @Test("have the fields of their own, and those of the earlier one")
    func alike() {
        let lines = (0..<100).map { number in
            Self.line(number) { $0.requestURI = "/api/\(number % 3)?a=\u{1}&b=é" }
        }
        // The first of each path is read twice: also for the time of the last line.
        #expect(Self.agrees(on: lines.map { Array($0.text.utf8) }) == 100 - 3)
    }

    @Test("in real logs that are read again and again")
    func realLogs() throws {
        let logs = ["metadata.log", "hardened.log", "outcomes.log", "newer-servers.log"]
        let lines = try logs.flatMap { try Fixture.bytes("audit-logs/\($0)").split(separator: 10).map(Array.init) }
        #expect(Self.agrees(on: lines + lines + lines) > 200)
    }

    @Test("after they were mutated", arguments: LineMutation.allCases)
    func mutated(mutation: LineMutation) throws {
        let lines = (0..<4).map { number in Array(Self.line(number) { $0.requestURI = "/\(number)" }.text.utf8) }
        var random = SeededGenerator(seed: 18)
        var mixed: [[UInt8]] = []
        for _ in 0..<600 {
            let line = try #require(lines.randomElement(using: &random))
            let other = try #require(lines.randomElement(using: &random))
            mixed += [line, mutation.apply(to: line, other: other, using: &random)]
        }
        #expect(Self.agrees(on: mixed) >= 300)
    }

    @Test("except that a gap has other JSON than a plain string, or that its key is there twice")
    func traps() {
        let plain = Self.line(1).text
        let id = #""auditID":"id 1""#
        let times =
            #""requestReceivedTimestamp":"\#(Self.line(1).received)","stageTimestamp":"\#(Self.line(1).reached)""#
        let traps = [
            (id, #""auditID":"\u0069d""#), (id, #""auditID":"a\"b""#), (id, #""auditID":7"#), (id, #""auditID":"é""#),
            (id, "\"auditID\":\"a\u{7}\""), (id, #""auditID":"a","auditID":"b""#), (id, #""auditID":"""#),
            (id, id + #","x":{"auditID":"c","sourceIPs":["9.9.9.9"],\#(times)}"#),
            (id, #""x":{"auditID":"c","sourceIPs":["9.9.9.9"],\#(times)},"# + id),
            (#"["192.0.2.1"]"#, #"["192.0.2.1",7]"#), (#"["192.0.2.1"]"#, "[]"), (#"["192.0.2.1"]"#, "null"),
            (#"["192.0.2.1"]"#, #"["10.0.0.1","","192.0.2.1"]"#),
            (#"["192.0.2.1"]"#, #"["192.0.2.1"],"sourceIPs":["9.9.9.9"]"#),
            (#"["192.0.2.1"]"#, #"["192.0.2.1" , "9.9.9.9"]"#), (#"["192.0.2.1"]"#, #"["192.0.2.1","9.9.9.9"#),
            (times, times + #","stageTimestamp":"2020-01-01T00:00:00.000000Z""#), (times, times.dropLast() + #"\""#),
            (times, #""requestReceivedTimestamp":"","stageTimestamp":"""#), (#""code":403"#, #""code":404"#),
        ]
        // Each trap comes often enough to become a template itself.
        let lines = traps.flatMap { part, trap in
            (0..<8).map { Array(($0 % 2 == 0 ? plain : plain.replacing(part, with: trap)).utf8) }
        }
        #expect(Self.agrees(on: lines) > traps.count)
    }

    @Test("are forgotten when there are too many others")
    func many() {
        let lines = (0..<6000).map { number in Self.line(number) { $0.requestURI = "/\(number / 3 % 1000)" } }
        #expect(Self.agrees(on: lines.map { Array($0.text.utf8) }) > 500)
    }
}
