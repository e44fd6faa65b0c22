import AuditEvents
import Glibc
import Testing
import TestSupport

/// The vectorised search for groups and codes finds what a plain search finds, and reads nothing else.
///
/// A line that is no JSON, but begins and ends as an object, is malformed if and only if it was searched out.
@Suite("The byte search")
struct ByteSearchTests {
    private static let selectors = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector.withoutUser(responseCode: 401),
    ]
    private static let widths = [0, 16, 32]

    /// The pieces from which hostile lines are made: patterns, parts of them, and what may be before and behind them.
    private static let pieces: [String] = [
        "system:unauthenticated", "system:unauthenticate", "ystem:unauthenticated", "system:authenticated", ":un", ":u",
        "401", ":401", ": 401", ":\t\r 401", ":401.", ":401e", ":4010", ":401,", ":401}", "4", "40", "01", ":4", ":40",
        ".401", "-401", ":-401", ",401", #"\u0073"#, #"\u003A"#, #"\u00"#, #"\u0026"#, #"\u00zz"#, #"\\"#, #"\""#, "\\",
        ":", " ", "\t", "x", "xxxxxxxxxxxxxxxx", "\u{FF}", "0", "{", "\"", "E", "e",
    ]

    /// A plain search: by the definition, without any speed.
    private static func isFound(in line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        if text.contains("system:unauthenticated") { return true }
        if !text.matches(of: /:[ \t\r]*401(?![0-9])/).isEmpty { return true }
        return text.matches(of: /\\u00([0-9A-Fa-f]{2})/).contains { match in
            UInt8(match.output.1, radix: 16).map("system:unauthenticated".utf8.contains) ?? false
        }
    }

    private static func isFound(in line: UnsafeRawBufferPointer, width: Int) -> Bool {
        var scanner = EventScanner(selecting: selectors)
        scanner.setBlockWidth(width)
        return scanner.scan(lines: line.bytes).malformedCount == 1
    }

    private static func randomLine(using random: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 0...12, using: &random)
        let content = (0..<count).flatMap { _ in Array((pieces.randomElement(using: &random) ?? "").utf8) }
        // An event that is passed over by its first and last bytes, and is malformed if it is parsed.
        let head = #"{"kind":"Event","apiVersion":"audit.k8s.io/!"#
        return Array(head.utf8) + content + Array(#"x"}}"#.utf8)
    }

    @Test("finds what a plain search finds in hostile lines, in blocks of any width", arguments: widths)
    func hostileLines(width: Int) {
        var random = SeededGenerator(seed: 401)
        var found = 0
        for _ in 0..<3000 {
            let line = Self.randomLine(using: &random)
            let expected = Self.isFound(in: line)
            found += expected ? 1 : 0
            #expect(
                line.withUnsafeBytes { Self.isFound(in: $0, width: width) } == expected,
                "\(String(decoding: line, as: UTF8.self))")
        }
        // Both answers are common.
        #expect((500...2500).contains(found))
    }

    @Test("finds lines among lines, wherever blocks begin", arguments: widths)
    func manyLines(width: Int) {
        var random = SeededGenerator(seed: 402)
        var scanner = EventScanner(selecting: Self.selectors)
        scanner.setBlockWidth(width)
        for _ in 0..<300 {
            let lines = (0..<20).map { _ in Self.randomLine(using: &random) }
            let text = Array(lines.joined(separator: [10]))
            let found = scanner.scan(lines: text.span.bytes)
            #expect(found.malformedCount == lines.count(where: Self.isFound))
            #expect(found.lines == lines.count)
        }
    }

    @Test("finds a pattern at every distance from the beginning and the end of a memory page, and reads no other page")
    func pageEnds() throws {
        let pages = try GuardedPages()
        let readable = pages.readable
        defer { withExtendedLifetime(pages) {} }
        for pattern in ["system:unauthenticated", ":401", #"\u0073"#, "x"] {
            // Blocks behind the first ones are passed over in another way.
            for length in Array(pattern.utf8.count + 3...110) + [136, 201, 330] {
                for distance in 0...length - pattern.utf8.count - 3 {
                    let before = Array("{!".utf8) + Array(repeating: UInt8(ascii: "-"), count: distance)
                    let line = before + Array(pattern.utf8)
                    let whole =
                        line + Array(repeating: UInt8(ascii: "-"), count: length - line.count - 1) + Array("}".utf8)
                    for start in [0, readable.count - length] {
                        readable[start..<start + length].copyBytes(from: whole)
                        let isFound = Self.isFound(
                            in: UnsafeRawBufferPointer(rebasing: readable[start..<start + length]),
                            width: distance.isMultiple(of: 2) ? 32 : 16)
                        #expect(isFound == (pattern != "x"), "\(pattern) at \(distance) of \(length), page \(start)")
                    }
                }
            }
        }
    }

    @Test("finds one event of many at any alignment")
    func alignments() {
        let event = Array((AuditLine(from: ["192.0.2.1"]).text).utf8)
        let other = Array(AuditLine(from: ["192.0.2.1"]).text.replacing("unauthenticated", with: "masters").utf8)
        for alignment in 0..<64 {
            let text = Array(repeating: UInt8(ascii: " "), count: alignment) + [10] + other + event + other
            for width in Self.widths {
                var scanner = EventScanner(selecting: Self.selectors)
                scanner.setBlockWidth(width)
                #expect(scanner.scan(lines: text.span.bytes).events.count == 1)
            }
        }
    }

    /// A false candidate costs a parse. In ordinary traffic the number 401 behind a colon is rare.
    @Test("examines few lines of real traffic in vain")
    func falseCandidates() throws {
        let lines = try ["metadata.log", "hardened.log", "outcomes.log"].flatMap { name in
            try Fixture.bytes("audit-logs/\(name)").split(separator: UInt8(ascii: "\n")).map(Array.init)
        }
        let vain = lines.filter { line in
            let text = String(decoding: line, as: UTF8.self)
            return Self.isFound(in: line) && !text.contains("unauthenticated") && !text.contains(#""code":401"#)
        }
        #expect(vain.count <= lines.count / 1000)
    }
}
