import AuditEvents
import Foundation
import Testing
import TestSupport

/// The fast path that leaves most lines unparsed is correct: it selects the same events as a full parse.
@Suite("The fast scan agrees with a full parse")
struct FastScanAgreesWithFullParseTests {
    static let selectors = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector.withoutUser(responseCode: 401),
        EventSelector(group: "system:unauthenticated", responseCodes: 100...399, excludingOpenPaths: true),
    ]

    private static func lines(of log: String) throws -> [[UInt8]] {
        try Fixture.bytes("audit-logs/\(log)").split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    @Test(
        "on every line of the real logs",
        arguments: [
            // Requests and their events: a watch has two, except where it was not authenticated.
            ("metadata.log", 1356, [141, 9, 0]), ("hardened.log", 905, [0, 74, 0]), ("outcomes.log", 910, [22, 6, 6]),
            ("newer-servers.log", 43, [6, 31, 1]),
        ])
    func realLogs(log: String, lines count: Int, selected: [Int]) throws {
        let lines = try Self.lines(of: log)
        var counts = [0, 0, 0]
        for line in lines {
            #expect(try agrees(on: line))
            if case .selected(let event) = FoundationReference.read(line, selecting: Self.selectors) {
                counts[event.selector] += 1
            }
        }
        #expect(lines.count == count)
        #expect(counts == selected)
    }

    @Test("on mutated lines", arguments: LineMutation.allCases)
    func mutatedLines(mutation: LineMutation) throws {
        let lines = try ["metadata.log", "hardened.log", "outcomes.log"].flatMap(Self.lines)
        let interesting = lines.filter {
            if case .selected = FoundationReference.read($0, selecting: Self.selectors) { true } else { false }
        }
        var random = SeededGenerator(seed: 403)
        for _ in 0..<2000 {
            let line = try #require(interesting.randomElement(using: &random))
            let other = try #require(lines.randomElement(using: &random))
            // None of these mutations spells the code as a fraction.
            #expect(try agrees(on: mutation.apply(to: line, other: other, using: &random)))
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
            #expect(try agrees(on: line))
            guard case .selected = FoundationReference.read(line, selecting: Self.selectors) else {
                Issue.record("the reference does not select \(group)")
                continue
            }
        }
    }

    @Test(
        "on spellings of the code of a user in the group",
        arguments: ["403", "403.0", "4.03e2", "4030e-1", "-403", "403.5", "\"403\"", "null", "[403]", "4.03E+2", "2e2"])
    func codes(code: String) throws {
        #expect(
            try agrees(
                on: Array(#"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":\#(code)}}"#.utf8)))
    }

    @Test(
        "on spellings of an event without a user",
        arguments: [
            #"{"user":{},"responseStatus":{"code":401}}"#, #"{"user":{},"responseStatus":{"code" : \t401\t }}"#,
            #"{"responseStatus":{"c\u006fde":401,"message":""},"user":{"username":""}}"#,
            #"{"auditID":"a","responseStatus":{"code":401}}"#, #"{"auditID":"a","responseStatus":{"code":-401}}"#,
            #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","responseStatus":{"code":401,"x":[401]}}"#,
            #"{"user":null,"responseStatus":{"code":401}}"#,
            #"{"user":{"username":null},"responseStatus":{"code":401}}"#,
            #"{"user":{"username":"a"},"responseStatus":{"code":401}}"#,
            #"{"user":{},"responseStatus":{"code":"401"}}"#,
            #"{"user":{},"responseStatus":{"code":4010}}"#, #"{"user":{},"responseStatus":{"code":[401]}}"#,
            #"{"responseStatus":{"code":401}}"#, #"{"user":{},"responseStatus":{"code":401,"code":403}}"#,
            #"{"user":{},"responseStatus":{"code":1401}}"#, #"{"user":{},"responseStatus":{"code": 401.5}}"#,
            #"{"user":{"username":"a"},"user":{},"responseStatus":{"code":401}}"#,
            #"{"user":{},"responseStatus":{"code":401.0}}"#, #"{"user":{},"responseStatus":{"code":401e0}}"#,
            #"{"user":{},"responseStatus":{"code":401.000}}"#,
        ])
    func withoutUser(line: String) throws {
        #expect(try agrees(on: Array(line.replacing(#"\t"#, with: "\t").utf8)))
    }

    /// The only difference that is allowed: an event without a user is found by its code.
    @Test("except on a 401 that begins with other digits, which no program writes")
    func otherSpellings() throws {
        let unusual = ["4.01e2", "4.01E+2", "40100e-2", "4010e-01", "0.401e3"]
        let lines = unusual.map { Array(#"{"user":{},"responseStatus":{"code":\#($0)}}"#.utf8) }
        for line in lines { #expect(PlainCodes.mayBeSpelledOtherwise(line)) }
        #expect(try lines.count { try !agrees(on: $0) } == unusual.count)
        // A line that is parsed for another reason is read in full.
        let hint = #""userAgent":"system:unauthenticated","#
        #expect(
            try unusual.allSatisfy {
                try agrees(on: Array(#"{\#(hint)"user":{},"responseStatus":{"code":\#($0)}}"#.utf8))
            })
    }

    /// Whether the scanner selects what the reference selects. An event without a user whose code is not spelled plainly
    /// may be missing; any other difference is an issue.
    private func agrees(on line: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> Bool {
        var scanner = EventScanner(selecting: Self.selectors)
        let found = scanner.scan(lines: line.span.bytes)
        let text = Comment(rawValue: String(decoding: line, as: UTF8.self))
        let mayMatter = String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
        switch FoundationReference.read(line, selecting: Self.selectors) {
        case .selected(let selected) where found.events == [] && PlainCodes.mayBeSpelledOtherwise(line):
            #expect(selected.selector == 1, text, sourceLocation: sourceLocation)
            return false
        case .selected(let selected):
            #expect(found.events == [selected], text, sourceLocation: sourceLocation)
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
        return true
    }
}
