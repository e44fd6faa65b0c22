import AuditEvents
import Foundation
import Testing
import TestSupport

/// The fast path that leaves most lines unparsed is correct: it selects the same events as a full parse.
@Suite("The fast scan agrees with a full parse")
struct FastScanAgreesWithFullParseTests {
    static let selector = EventSelector(group: "system:unauthenticated", responseCode: 403)

    @Test("on every line of the real log")
    func realLog() throws {
        let lines = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        var selected = 0
        for line in lines {
            try expectAgreement(on: line)
            if case .selected = FoundationReference.read(line, selecting: Self.selector) { selected += 1 }
        }
        #expect(lines.count == 1356)
        // 132 requests, nine of which were logged in two stages.
        #expect(selected == 141)
    }

    @Test("on mutated lines", arguments: LineMutation.allCases)
    func mutatedLines(mutation: LineMutation) throws {
        let lines = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        let interesting = lines.filter {
            if case .selected = FoundationReference.read($0, selecting: Self.selector) { true } else { false }
        }
        var random = SeededGenerator(seed: 403)
        for _ in 0..<1500 {
            let line = try #require(interesting.randomElement(using: &random))
            let other = try #require(lines.randomElement(using: &random))
            try expectAgreement(on: mutation.apply(to: line, other: other, using: &random))
        }
    }

    @Test("on spellings of the group that a byte search for its text would miss")
    func spellings() throws {
        for group in [
            #"\u0073ystem:unauthenticated"#, #"system\u003aunauthenticated"#, #"system\u003Aunauthenticated"#,
            #"system:unauthenticate\u0064"#,
            #"\u0073\u0079\u0073\u0074\u0065\u006D\u003a\u0075\u006e\u0061\u0075\u0074\u0068\u0065\u006e\u0074\u0069\u0063\u0061\u0074\u0065\u0064"#,
        ] {
            let line = Array(#"{"responseStatus":{"code":403},"user":{"groups":["\#(group)"]}}"#.utf8)
            try expectAgreement(on: line)
            guard case .selected = FoundationReference.read(line, selecting: Self.selector) else {
                Issue.record("the reference does not select \(group)")
                continue
            }
        }
    }

    @Test(
        "on spellings of the code",
        arguments: ["403", "403.0", "4.03e2", "4030e-1", "-403", "403.5", "\"403\"", "null", "[403]", "4.03E+2"])
    func codes(code: String) throws {
        try expectAgreement(
            on: Array(#"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":\#(code)}}"#.utf8))
    }

    private func expectAgreement(on line: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
        var scanner = EventScanner(selecting: [Self.selector])
        let found = scanner.scan(lines: line.span.bytes)
        let text = Comment(rawValue: String(decoding: line, as: UTF8.self))
        let mayMatter = String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
        switch FoundationReference.read(line, selecting: Self.selector) {
        case .selected(let event):
            #expect(found.events == [SelectedEvent(event)], text, sourceLocation: sourceLocation)
            #expect(found.malformedCount == 0, text, sourceLocation: sourceLocation)
        case .other:
            #expect(found.events == [], text, sourceLocation: sourceLocation)
            #expect(found.malformedCount == 0, text, sourceLocation: sourceLocation)
        case .notAnEvent:
            #expect(found.events == [], text, sourceLocation: sourceLocation)
            if mayMatter { #expect(found.malformedCount == 1, text, sourceLocation: sourceLocation) }
        case .malformed:
            // Detected if the line may match; other lines are not parsed.
            #expect(found.events == [], text, sourceLocation: sourceLocation)
            let isBlank = line.allSatisfy { [0x20, 0x09, 0x0d].contains($0) }
            if mayMatter { #expect(found.malformedCount == 1, text, sourceLocation: sourceLocation) }
            #expect(found.lines == (isBlank ? 0 : 1), text, sourceLocation: sourceLocation)
        }
    }
}
