import AuditEvents
import Testing
import TestSupport

/// The API server reads and writes events with Go's decoder, and so takes what strict JSON parsers refuse.
@Suite(
    "The event scanner agrees with Go's encoding/json",
    .enabled(if: GoReference.isInstalled, "/usr/bin/go is missing: install the Debian package golang-go"))
struct AgreesWithGoTests {
    private static let selector = EventSelector(group: "system:unauthenticated", responseCode: 403)
    /// Values for `requestObject` and for fields of the event, of which Go accepts some and others not.
    private static let oddValues: [[UInt8]] =
        [
            #""\ud800""#, #""\ud800\u0041""#, #""\ud800\ud800\udc00""#, #""\udc00\ud800""#, #""\uD83D\uDE00""#,
            #""\uzzzz""#, #""\x41""#, #""\'""#, "123456789012345678901234567890", "-0", "01", "1e400", "-1E-400", "1.",
            ".5", "+1", "1e", "NaN", "nul", "tru e", "{\"a\":1e999999}", "[1,]", "[,1]", "[]]", "{\"a\" 1}", "{a:1}",
            "{\"a\":1,}", "\u{FEFF}1", "4.03e2", #""\u0000""#, "[[[{\"a\":[{}]}]]]",
        ].map { Array($0.utf8) } + [
            Array("\"".utf8) + [0xFF, 0x41, 0xC0, 0x80] + Array("\"".utf8),
            Array("\"".utf8) + [0xED, 0xA0, 0x80, 0xE2, 0x82] + Array("\"".utf8),
            Array("\"".utf8) + [0xF4, 0x90, 0x80, 0x80, 0xE0, 0x9F, 0xBF] + Array("\"".utf8),
            Array("\"".utf8) + [0x00] + Array("\"".utf8), Array("\"a".utf8) + [0x09] + Array("\"".utf8), [0x00],
            Array(repeating: UInt8(ascii: "["), count: 9_990) + Array(repeating: UInt8(ascii: "]"), count: 9_990),
            Array(repeating: UInt8(ascii: "["), count: 10_010) + Array(repeating: UInt8(ascii: "]"), count: 10_010),
        ]

    @Test("on odd values in every field")
    func oddValues() throws {
        let fields = [
            "requestObject", "userAgent", "requestURI", "sourceIPs", "auditID", "user", "responseStatus", "verb",
        ]
        var lines: [[UInt8]] = []
        for value in Self.oddValues {
            for field in fields {
                lines.append(line(field, value))
                lines.append(line(field, Array("[".utf8) + value + Array(",\"192.0.2.7\"]".utf8)))
            }
            // Inside the fields that are selected by.
            lines.append(
                Array(#"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403,"message":"#.utf8)
                    + value + Array("}}".utf8))
            lines.append(
                Array(#"{"user":{"groups":["system:unauthenticated",],"responseStatus":{"code":403}}"#.utf8) + value)
        }
        try expectAgreement(on: lines)
    }

    @Test("on mutated lines with odd values")
    func mutatedLines() throws {
        let real = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        let interesting = real.filter {
            if case .selected = FoundationReference.read($0, selecting: Self.selector) { true } else { false }
        }
        var random = SeededGenerator(seed: 13)
        var lines: [[UInt8]] = []
        for _ in 0..<4000 {
            let line = try #require(interesting.randomElement(using: &random))
            let other = try #require(real.randomElement(using: &random))
            let odd =
                Array(#","requestObject":"#.utf8) + (Self.oddValues.dropLast(2).randomElement(using: &random) ?? [])
            let mutation = try #require(LineMutation.allCases.randomElement(using: &random))
            let spoiled = line.dropLast() + odd + Array("}".utf8)
            lines.append(mutation.apply(to: Array(spoiled), other: other, using: &random))
        }
        try expectAgreement(on: lines)
    }

    private func line(_ field: String, _ value: [UInt8]) -> [UInt8] {
        Array(
            #"{"user":{"groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.1"],"responseStatus":{"code":403},""#
                .utf8) + Array(field.utf8) + Array("\":".utf8) + value + Array("}".utf8)
    }

    private func expectAgreement(on lines: [[UInt8]]) throws {
        let lines = lines.filter { !$0.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } }
        let events = try GoReference.events(in: lines)
        try #require(events.count == lines.count)
        var scanner = EventScanner(selecting: [Self.selector])
        var selected = 0
        for (line, event) in zip(lines, events) {
            let found = scanner.scan(lines: line.span.bytes)
            let text = Comment(rawValue: String(decoding: line.prefix(2000), as: UTF8.self))
            let isSelected = event.map { FoundationReference.selection(of: $0, by: [Self.selector]) != nil } ?? false
            if let event, isSelected {
                selected += 1
                #expect(found.events == [SelectedEvent(event)], text)
            } else {
                #expect(found.events == [], text)
            }
            let mayMatter = String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
            if event != nil || mayMatter { #expect(found.malformedCount == (event == nil ? 1 : 0), text) }
        }
        #expect(selected > lines.count / 10)
    }
}
