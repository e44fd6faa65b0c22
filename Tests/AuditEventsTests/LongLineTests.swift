import AuditEvents
import Glibc
import Testing
import TestSupport

/// Long lines are objects of clients, which hold any text. Only the user and the status of the response decide whether
/// such an event is parsed; everything else in it is skipped by its brackets and quotes.
@Suite("Long lines")
struct LongLineTests {
    private static let selectors = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector.withoutUser(responseCode: 401),
    ]
    private static let head = #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","#
    private static let tail = #""requestReceivedTimestamp":"2026-11-23T00:00:00.001000Z"}"#
    private static let hit = #""user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},"#
    private static let refusal = #""user":{},"responseStatus":{"code":401},"#
    private static let miss = #""user":{"username":"x","groups":["system:masters"]},"responseStatus":{"code":200},"#

    /// A random JSON value that is hard to skip: brackets, quotes and backslashes in strings, and text that is searched for.
    private static func value(depth: Int = 0, using random: inout SeededGenerator) -> String {
        let strings = [
            "x", "system:unauthenticated", ":401", #"{[}]"#, #"\""#, #"\\"#, #"\\\""#, #"\u003c\u0026\u003e"#,
            #"\u0073"#,
            String(repeating: #"\\"#, count: Int.random(in: 0...70, using: &random)),
            String(repeating: #"\""#, count: Int.random(in: 0...70, using: &random)),
            String(repeating: "y", count: Int.random(in: 0...130, using: &random)), "\u{FF}",
        ]
        let space = ["", "", " ", "\t"].randomElement(using: &random) ?? ""
        let items = (0..<Int.random(in: 0...5, using: &random))
        switch depth > 5 ? 0 : Int.random(in: 0...4, using: &random) {
        case 0: return ["1", "true", "null", "401", "-4.01e2", "{}", "[]"].randomElement(using: &random) ?? ""
        case 1, 2:
            return "\"" + items.map { _ in strings.randomElement(using: &random) ?? "" }.joined() + "\""
        case 3: return "[" + items.map { _ in value(depth: depth + 1, using: &random) }.joined(separator: ",") + "]"
        default:
            let members = items.map { "\"\($0)\"\(space):\(value(depth: depth + 1, using: &random))" }
            return "{" + space + members.joined(separator: ",") + space + "}"
        }
    }

    /// An object of at least 5000 bytes.
    private static func object(using random: inout SeededGenerator) -> String {
        var values: [String] = []
        var size = 0
        while size < 5000 {
            values.append(value(using: &random))
            size += values.last?.utf8.count ?? 0
        }
        return #"{"a":["# + values.joined(separator: ",") + "]}"
    }

    private static func scan(_ text: String, width: Int = 32) -> ScannedEvents {
        var scanner = EventScanner(selecting: selectors)
        scanner.setBlockWidth(width)
        return scanner.scan(lines: Array(text.utf8).span.bytes)
    }

    @Test("are read in full where the user or the status may match, in any place", arguments: [0, 16, 32])
    func randomObjects(width: Int) {
        var random = SeededGenerator(seed: 18)
        for _ in 0..<300 {
            let object = Self.object(using: &random)
            let client =
                [#""requestObject":"#, #""responseObject":"#, #""annotations":"#, #""userAgent":"#]
                .randomElement(using: &random) ?? ""
            for (fields, events) in [(Self.hit, 1), (Self.refusal, 1), (Self.miss, 0)] {
                let orders = [
                    Self.head + fields + client + object + "," + Self.tail,
                    Self.head + client + object + "," + fields + Self.tail,
                ]
                for text in orders {
                    let found = Self.scan(text, width: width)
                    #expect(found.events.count == events, "\(text)")
                    #expect(found.lines == 1 && found.malformedCount == 0, "\(text)")
                }
            }
        }
    }

    @Test("are read in full if a key is spelled with escapes, or is there twice")
    func unusualKeys() {
        let long = #""requestObject":{"a":"\#(String(repeating: "system:unauthenticated ", count: 300))"},"#
        let escaped = Self.hit.replacing(#""user""#, with: #""u\u0073er""#)
        #expect(Self.scan(Self.head + long + escaped + Self.tail).events.count == 1)
        #expect(Self.scan(Self.head + Self.miss + long + Self.hit + Self.tail).events.count == 1)
        #expect(Self.scan(Self.head + Self.hit + long + Self.miss + Self.tail).events.isEmpty)
    }

    @Test("that are torn are taken apart, whatever the torn object holds")
    func torn() {
        var random = SeededGenerator(seed: 19)
        let event = Self.head + Self.hit + Self.tail
        var taken = 0
        for _ in 0..<300 {
            let object = Self.object(using: &random)
            let cut = object.unicodeScalars.prefix(Int.random(in: 4200...5000, using: &random))
            let torn = Self.head + Self.miss + #""requestObject":"# + String(cut)
            // Where a value of the client may begin, an event is not told from an object of the client.
            let last = torn.last { !" \t".contains($0) }
            let found = Self.scan(torn + event)
            if !":[,".contains(last ?? " ") { #expect(found.events.count == 1, "\(torn)") }
            taken += found.events.count
        }
        #expect(taken > 200)
    }

    @Test("are skipped up to the end of a memory page, and no further")
    func pageEnds() throws {
        let pages = try GuardedPages(2)
        let readable = pages.readable
        defer { withExtendedLifetime(pages) {} }
        var random = SeededGenerator(seed: 20)
        for length in 0..<140 {
            let text = Self.head + Self.miss + #""requestObject":"# + Self.object(using: &random)
            var line = Array(text.utf8.prefix(4200 + length))
            for isCut in [true, false] {
                if !isCut { line += Array(#""system:unauthenticated"}}"#.utf8) }
                let start = readable.count - line.count
                readable[start...].copyBytes(from: line)
                var scanner = EventScanner(selecting: Self.selectors)
                let found = scanner.scan(lines: UnsafeRawBufferPointer(rebasing: readable[start...]).bytes)
                #expect(found.events.isEmpty && found.lines == 1)
            }
        }
    }

    @Test("are passed over like short ones: each line counts, wherever blocks begin", arguments: [0, 16, 32])
    func plainLines(width: Int) {
        let plain = Self.head + Self.miss + Self.tail
        let others = [
            ("", 0, 0), (" ", 0, 0), (plain + " ", 1, 0), (" " + plain, 1, 1), (plain + "\r", 1, 0), ("\0\0", 0, 0),
            (plain + "\0" + plain, 2, 0), (String(plain.dropLast()), 1, 1), ("no object", 1, 1), ("\t", 0, 0),
            (Self.head + Self.hit + Self.tail, 1, 0), (plain.replacing(",\"requestR", with: ",\t\"requestR"), 1, 0),
        ]
        var random = SeededGenerator(seed: 21)
        for _ in 0..<500 {
            let chosen = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                Bool.random(using: &random) ? (plain, 1, 0) : others.randomElement(using: &random) ?? ("", 0, 0)
            }
            let end = Bool.random(using: &random) ? "\n" : ""
            let found = Self.scan(chosen.map(\.0).joined(separator: "\n") + end, width: width)
            #expect(found.lines == chosen.map(\.1).reduce(0, +))
            #expect(found.malformedCount == chosen.map(\.2).reduce(0, +))
            #expect(found.events.count == chosen.count { $0.0.contains("unauthenticated") })
        }
    }
}
