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
        #expect(try expectAgreement(on: lines) > lines.count / 10)
    }

    @Test("on mutated lines with odd values")
    func mutatedLines() throws {
        let real = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        let interesting = real.filter {
            if case .selected = FoundationReference.read($0, selecting: [Self.selector]) { true } else { false }
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
        #expect(try expectAgreement(on: lines) > lines.count / 10)
    }

    @Test("on every line of the real log")
    func realLog() throws {
        let lines = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        #expect(try expectAgreement(on: lines) == 141)
    }

    @Test("on lines with several mutations, most of them with pieces that other decoders refuse")
    func manyMutations() throws {
        let real = try Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).map(Array.init)
        var random = SeededGenerator(seed: 404)
        let mutations: [LineMutation] =
            [.oddBytes, .oddBytes, .oddBytes, .oddNumber, .oddNumber] + LineMutation.allCases
        var lines: [[UInt8]] = []
        for _ in 0..<4000 {
            var line = try #require(real.randomElement(using: &random))
            let other = try #require(real.randomElement(using: &random))
            for mutation in mutations.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random)) {
                line = mutation.apply(to: line, other: other, using: &random)
            }
            lines.append(line)
        }
        #expect(try expectAgreement(on: lines) > 50)
    }

    @Test("on spellings of the code, with and without odd bytes in the same event")
    func codes() throws {
        let codes =
            OddText.numbers + [
                "403", "403.0", "4.03e2", "4.03E+2", "4.03e002", "4.03e+0000000002", "4030e-1", "403e-0", "0.403e3",
                "40300000000000000000000e-20", "4030000000000000000000000000000.0e-28", "403.000", "0403", "+403",
                "403.", ".403e3", "4.03e", "-403", "403.5", "403e0.0", #""403""#, "null", "[403]", "{}", "true", "1e15",
            ]
        let agents = [Array("curl".utf8)] + OddText.inStrings
        let lines = codes.flatMap { code in agents.map { Self.event(agent: $0, code: code) } }
        #expect(try expectAgreement(on: lines) >= 12 * agents.count)
    }

    @Test("on fields of another type than the API gives them")
    func types() throws {
        let values =
            OddText.numbers + [
                "null", "true", "7", #""text""#, #""\ud800""#, "[]", #"["a",1,null,["b"],"\udc00c"]"#, "{}",
                #"{"username":1,"groups":"x"}"#, #"{"code":"403","reason":{}}"#, "[[[{}]]]", #"{"":[]}"#, "nul", "tru",
                "[1,]", "{1:2}", #"{"a":1,}"#, "\"\t\"", #""\x""#, #""\u12g4""#, "'a'", "",
            ]
        let keys = [
            "auditID", "stage", "requestURI", "verb", "sourceIPs", "userAgent", "requestReceivedTimestamp",
            "stageTimestamp", "requestObject", "user", "responseStatus", "", "k\\u0069nd", "\\ud800",
        ]
        let selected = Self.event()
        // Before and after the event's own fields.
        var lines: [[UInt8]] = []
        for value in values {
            for key in keys {
                let member = "\"\(key)\":\(value)"
                lines.append(Array("{\(member),".utf8) + selected.dropFirst())
                lines.append(selected.dropLast() + Array(",\(member)}".utf8))
            }
        }
        #expect(try expectAgreement(on: lines) > 500)
    }

    @Test("on entries of the groups and of the addresses that are no strings")
    func entries() throws {
        let group = #""system:unauthenticated""#
        let values = OddText.numbers + ["null", "[]", "{}", "false", "\"\\udfff\"", group, "[\(group)]", "nil"]
        let lines = values.flatMap { value in
            [
                #"{"user":{"groups":[\#(value),\#(group)]},"responseStatus":{"code":403}}"#,
                #"{"user":{"groups":[\#(value)]},"sourceIPs":[\#(group)],"responseStatus":{"code":403}}"#,
                #"{"user":{"groups":[\#(group)]},"sourceIPs":["a",\#(value),"b"],"responseStatus":{"code":403}}"#,
                #"{"user":{"groups":[\#(group)],"username":\#(value)},"responseStatus":{"code":403,"reason":\#(value)}}"#,
                #"{"user":{"groups":[\#(group)],"groups":\#(value)},"responseStatus":{"code":403}}"#,
                #"{"user":{"groups":\#(value),"groups":[\#(group)]},"responseStatus":{"code":403,"message":\#(value)}}"#,
                #"{"user":{"groups":[\#(group)],"Groups":[\#(value)],"gr\u006fups2":1},"responseStatus":{"code":403,"Code":\#(value)}}"#,
            ].map { Array($0.utf8) }
        }
        #expect(try expectAgreement(on: lines) > 50)
    }

    @Test("on what stands around an event")
    func surroundings() throws {
        let event = Self.event()
        // Not NUL and the byte order mark, which the scanner skips at the beginning of a line.
        let pieces: [[UInt8]] = [
            [], Array(" \t\r".utf8), [0x0C], [0xC2, 0xA0], [0x0B], Array(",".utf8),
            Array("}".utf8), Array("{}".utf8), Array("[".utf8), Array("//".utf8), [0xFF],
        ]
        var lines: [[UInt8]] = []
        for piece in pieces {
            lines += [piece + event, event + piece, piece + event + piece]
            lines.append([UInt8(ascii: "{")] + piece + event.dropFirst())
            lines.append(event.dropLast() + piece + [UInt8(ascii: "}")])
        }
        #expect(try expectAgreement(on: lines) > 5)
    }

    @Test("on nesting up to Go's limit and beyond it", arguments: ["requestObject", "userAgent", "user"])
    func nesting(key: String) throws {
        let lines = [2, 9_998, 9_999, 10_000, 10_001].flatMap { depth in
            [("[", "]"), (#"{"a":"#, "}")].map { opening, closing in
                let inner = opening == "[" ? "" : "1"
                let value = String(repeating: opening, count: depth) + inner + String(repeating: closing, count: depth)
                return Array("{\"\(key)\":\(value),".utf8) + Self.event().dropFirst()
            }
        }
        // Three depths, as arrays and as objects.
        #expect(try expectAgreement(on: lines) == 6)
    }

    private static func event(agent: [UInt8] = Array("curl".utf8), code: String = "403") -> [UInt8] {
        Array(#"{"userAgent":""#.utf8) + agent
            + Array(#"","user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":\#(code)}}"#.utf8)
    }

    private func line(_ field: String, _ value: [UInt8]) -> [UInt8] {
        Array(
            #"{"user":{"groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.1"],"responseStatus":{"code":403},""#
                .utf8) + Array(field.utf8) + Array("\":".utf8) + value + Array("}".utf8)
    }

    /// - Returns: The number of selected events.
    private func expectAgreement(on lines: [[UInt8]]) throws -> Int {
        // Arrays of events, and events behind each other, are no event for Go, but are read by the scanner.
        let lines = lines.filter { line in
            let text = line.filter { ![0x20, 0x09, 0x0D].contains($0) }
            guard let first = text.first else { return false }
            return first != UInt8(ascii: "[") && text.firstRange(of: Array("}{".utf8)) == nil
        }
        let events = try GoReference.events(in: lines)
        try #require(events.count == lines.count)
        var scanner = EventScanner(selecting: [Self.selector])
        var selected = 0
        for (line, decoded) in zip(lines, events) {
            // White space before an event is that of another program.
            let event = [0x09, 0x0D, 0x20].contains(line[0]) ? nil : decoded
            let found = scanner.scan(lines: line.span.bytes)
            let text = Comment(rawValue: String(decoding: line.prefix(2000), as: UTF8.self))
            let isSelected = event.map { FoundationReference.selection(of: $0, by: [Self.selector]) != nil } ?? false
            if let event, isSelected {
                selected += 1
                #expect(found.events == [SelectedEvent(event)], text)
                #expect(found.events.map { Self.bytes($0.event) } == [Self.bytes(event)], text)
            } else {
                #expect(found.events == [], text)
            }
            let mayMatter = String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
            // NUL ends a line, so a line with it is two.
            if event == nil, mayMatter, !line.contains(0) { #expect(found.malformedCount == 1, text) }
            let isEvent = isSelected || Self.isEvent(line)
            if event != nil, isEvent { #expect(found.malformedCount == 0, text) }
        }
        return selected
    }

    /// Whether the text of an object certainly makes it an event.
    private static func isEvent(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.hasPrefix(#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","#) && !text.contains("k\\u0069nd")
    }

    /// The texts of an event byte by byte: equal strings can have different bytes.
    private static func bytes(_ event: AuditEvent) -> [[UInt8]] {
        let texts =
            [
                event.auditID, event.stage, event.requestURI, event.verb, event.username, event.userAgent ?? "",
                event.responseStatus ?? "", event.responseReason ?? "", event.responseMessage ?? "",
                event.requestReceivedTimestamp, event.stageTimestamp,
            ] + event.groups + event.sourceIPs
        return texts.map { Array($0.utf8) }
    }
}
