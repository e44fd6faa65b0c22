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

    @Test("have NUL bytes and white space that another program has written")
    func otherPrograms() {
        let event = String(decoding: Self.event.dropLast(), as: UTF8.self)
        let cri = "2024-05-01T10:00:00.1Z stdout F "
        for (text, format, events, lines) in [
            ("x\0\(event)\n\(event)\n", .auto, 1, 2), ("\t\(event)\n\(event)\n", .auto, 1, 2),
            (" [\(event)]\n", .auto, 0, 1), ("\t\0\(event)\n", .auto, 0, 1), ("\u{FEFF} \(event)", .auto, 0, 1),
            ("\u{FEFF}\0\(event)", .auto, 1, 1), ("[\(event)] \(event)\0\(event)", .auto, 3, 3),
            ("[\n\"x\0\(event)\n\(event)", .auto, 1, 2), ("[\n{\"a\0\(event)\n", .auto, 1, 2),
            (" \r\n\t\n\(event)\n", .auto, 1, 1), ("{\n}  \(event)\n", .auto, 1, 2),
            ("2024-05-01T10:00:00.1Z stderr F x\0\(event)\n\(cri)\(event)\n", .cri, 1, 2),
            ("\(cri)x\0\(cri)\(event)\n\(event)\0\(cri)\(event)\n", .cri, 2, 3),
            (" \(cri)\(event)\n", .cri, 0, 1),
            ("Nov 30 09:00:00 h sshd[1]: x\0\(event)\n", .syslog, 0, 1),
        ] as [(String, AuditFormat, Int, Int)] {
            var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
            let found = scanner.scan(lines: Array(text.utf8).span.bytes, as: format)
            #expect(found.events.count == events && found.lines == lines, "\(text.prefix(60)) \(found.malformed)")
        }
    }

    /// NUL bytes end a line that is empty or begins as JSON.
    private static func linesBetweenNULs(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = [], rest = text
        while let nul = rest.firstIndex(of: 0) {
            let line = rest[..<nul].starts(with: mark) ? rest[..<nul].dropFirst(mark.count) : rest[..<nul]
            guard line.isEmpty || line.first == UInt8(ascii: "{") else { break }
            lines.append(Array(rest[..<nul]))
            rest = rest[(nul + 1)...]
        }
        return lines + [Array(rest)]
    }

    @Test("are the same wherever NUL bytes, marks and line feeds stand in them")
    func anySplit() {
        var random = SeededGenerator(seed: 14)
        let pieces: [[UInt8]] = [
            [0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [10], [13, 10], Self.mark, Array(Self.event.dropLast()),
        ]
        for _ in 0..<500 {
            let bytes = (0..<12).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            let lines = bytes.split(separator: 10).flatMap(Self.linesBetweenNULs).map(scan)
            let whole = scan(bytes)
            #expect(whole.events == lines.flatMap(\.events))
            #expect(whole.lines == lines.map(\.lines).reduce(0, +))
            #expect(whole.malformedCount == lines.map(\.malformedCount).reduce(0, +))
        }
    }
}
