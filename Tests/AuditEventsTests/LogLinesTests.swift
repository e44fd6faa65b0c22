import AuditEvents
import Testing
import TestSupport

@Suite("The lines of a log")
struct LogLinesTests {
    private func scan(_ bytes: [UInt8]) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: bytes.span.bytes)
    }

    private static let event = Array(AuditLine(from: ["192.0.2.1"]).text.utf8)
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    @Test("end at a run of NUL bytes too, which is no line itself", arguments: [1, 7, 8, 9, 4096])
    func nulBytes(count: Int) {
        let run = [UInt8](repeating: 0, count: count)
        let found = scan(run + Self.event + run + Self.event + Self.event + run)
        #expect(found.events.count == 3)
        #expect(found.lines == 3)
        #expect(found.malformedCount == 0)
        #expect(scan(run) == ScannedEvents())
        // Half a line before it.
        let half = scan(Self.event.prefix(100) + run + Self.event)
        #expect(half.events.count == 1)
        #expect(half.malformed == [MalformedEvent(offset: 0, reason: "audit event is cut off")])
    }

    @Test("may begin with a byte order mark")
    func byteOrderMark() {
        let found = scan(Self.mark + Self.event + Self.mark + Self.event + Self.mark + [10])
        #expect(found.events.count == 2)
        #expect(found.lines == 2)
        #expect(found.malformedCount == 0)
        // Not within one.
        #expect(scan([UInt8(ascii: "{")] + Self.mark + Self.event.dropFirst()).malformedCount == 1)
    }

    @Test("are the same wherever NUL bytes, marks and line feeds stand in them")
    func anySplit() {
        var random = SeededGenerator(seed: 14)
        let pieces: [[UInt8]] = [
            [0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [10], [13, 10], Self.mark, Array(Self.event.dropLast()),
        ]
        for _ in 0..<500 {
            let bytes = (0..<12).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            let lines = bytes.split { $0 == 10 || $0 == 0 }.map(Array.init).map(scan)
            let whole = scan(bytes)
            #expect(whole.events == lines.flatMap(\.events))
            #expect(whole.lines == lines.map(\.lines).reduce(0, +))
            #expect(whole.malformedCount == lines.map(\.malformedCount).reduce(0, +))
        }
    }
}
