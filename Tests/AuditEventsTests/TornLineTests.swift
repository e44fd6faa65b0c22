import AuditEvents
import Foundation
import Testing
import TestSupport

/// Lines of a log whose writer was killed, or whose disk was full: the next event follows a part of one.
@Suite("In a torn line")
struct TornLineTests {
    /// An event; a client has sent `object`.
    private static func event(_ address: String, sending object: String? = nil) -> String {
        var line = AuditLine(from: [address])
        line.userAgent = #"curl "8" \"#
        let text = line.text.dropLast()
        guard let object else { return String(text) }
        return text.dropLast() + #","requestObject":\#(object),"responseObject":{"a":[1,{"b":null}]}}"#
    }

    private func scan(_ text: String) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: Array(text.utf8).span.bytes)
    }

    private func addresses(_ found: ScannedEvents) -> [String] { found.events.flatMap(\.event.sourceIPs) }

    @Test("a whole event behind the torn one is read, and the torn one is one malformed piece")
    func tornLine() {
        let torn = Self.event("192.0.2.1").prefix(200)
        let found = scan(Self.event("192.0.2.2") + "\n" + torn + Self.event("192.0.2.3") + "\n")
        #expect(addresses(found) == ["192.0.2.2", "192.0.2.3"])
        #expect(found.malformed.map(\.reason) == ["audit event is cut off"])
        #expect(found.lines == 3)
    }

    @Test("a whole event is read wherever the event before it was torn", arguments: [false, true])
    func everywhere(hasObjects: Bool) {
        let whole = Array(Self.event("192.0.2.3").utf8)
        let object = #"{"kind":"List","items":[{"n":-1.5e3,"t":true,"u":"\u00e9 {"},[],{}],"x":"y"}"#
        let first = Array(Self.event("192.0.2.1", sending: hasObjects ? object : nil).utf8)
        // Where a value of the client may begin, an event cannot be told from it.
        let isClients = { (count: Int) in
            let text = String(decoding: first[..<count], as: UTF8.self)
            guard let start = text.range(of: #""requestObject":"#) else { return false }
            return !text[start.lowerBound...].contains("}}")
                && (text.last == ":" || text.last == "[" || text.last == ",")
        }
        var unread = 0
        for count in 1..<first.count {
            var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
            let line = first[..<count] + whole
            let found = scanner.scan(lines: Array(line).span.bytes)
            if addresses(found) == ["192.0.2.3"] {
                #expect(found.malformedCount == 1)
                continue
            }
            let text = String(decoding: first[..<count], as: UTF8.self)
            #expect(isClients(count), "torn behind \(text.suffix(40)): \(found)")
            #expect(found.malformedCount == 1)
            unread += 1
        }
        #expect(unread == 0 || hasObjects)
        #expect(unread < 20)
    }

    @Test(
        "the beginning of an array or of a printed object takes no event of the next line with it",
        arguments: [
            "{\n", "[\n", "[1,\n", "[\"a\"\n", "{\"a\":1,\n", "{" + String(repeating: "\0", count: 100),
            "[" + String(repeating: "\0", count: 100), "{\"a\":[\n",
        ])
    func beginning(text: String) {
        let found = scan(
            Self.event("192.0.2.1") + "\n" + text + Self.event("192.0.2.2") + "\n" + Self.event("192.0.2.3"))
        #expect(addresses(found) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
        // Items that are no objects are malformed, too.
        #expect(found.malformedCount == (text.hasPrefix("[1") || text.hasPrefix("[\"") ? 2 : 1))
    }

    @Test("other objects behind whole events are read too, with the keys in any order")
    func objects() {
        let first = Self.event("192.0.2.1")
        let others = ["192.0.2.2", "192.0.2.3"].map { #"{"level":"Metadata","# + Self.event($0).dropFirst() }
        let list = #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":["# + Self.event("192.0.2.4") + "]}"
        let cases: [(text: String, addresses: String, malformed: Int)] = [
            (first + others[0], "12", 0), (first + others[0] + others[1], "123", 0),
            (first + first + others[0], "112", 0), (first + others[0] + first, "121", 0),
            (first + " " + others[0] + " " + first, "121", 0), (first + list + others[0], "142", 0),
            (others[0] + first, "21", 0), (others[0] + first.prefix(200) + first, "21", 1),
            (first + others[0] + first.prefix(200) + first, "121", 1), (first + others[0].prefix(200) + first, "1", 1),
            // It is not known what an object is that text follows.
            (first + "," + first, "", 1), (first + " x " + first, "", 1), (first + others[0] + ",", "1", 1),
        ]
        for (text, expected, malformed) in cases {
            let found = scan(text + "\n")
            #expect(addresses(found).map { String($0.suffix(1)) }.joined() == expected, "\(text)")
            #expect(found.malformedCount == malformed, "\(text)")
        }
        #expect(addresses(scan(first + #"{"a":1}"# + "\n")) == ["192.0.2.1"])
    }

    @Test("a whole event that only lost its line feed is read too, and any number of torn ones")
    func several() {
        let whole = Self.event("192.0.2.2")
        let found = scan(
            Self.event("192.0.2.1") + whole.prefix(3) + whole.prefix(60) + whole.prefix(9) + whole + whole.prefix(99))
        #expect(addresses(found) == ["192.0.2.1", "192.0.2.2"])
        #expect(found.malformedCount == 4)
        #expect(found.lines == 6)
    }

    /// What a client may send so that the end of a torn event looks like an event.
    private static let forgeries: [String] = {
        let forged = event("198.51.100.66")
        return [
            forged, "[\(forged)", #"{"a":\#(forged)"#, #"{"a":{"b":[[{"c":1},\#(forged)"#, #"[1,"x",\#(forged)"#,
            #"{"x":"}}}","y":\#(forged)"#, #"[\#(forged),\#(forged)"#,
            #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"level":"x"},\#(forged)"#,
            #"{"requestObject":{},"responseObject":\#(forged)"#,

        ]
    }()

    @Test("what a client has sent is never read as an event, wherever the line ends", arguments: forgeries)
    func forgery(object: String) {
        let event = Self.event("192.0.2.1", sending: "OBJECT")
        let torn = event.prefix(upTo: event.range(of: "OBJECT")?.lowerBound ?? event.startIndex) + object
        for count in stride(from: torn.utf8.count, to: torn.utf8.count - 40, by: -1) {
            let text = String(decoding: torn.utf8.prefix(count), as: UTF8.self)
            #expect(addresses(scan(text)) == [])
            // Behind it a whole event, torn again in the same place, and both.
            let next = Self.event("192.0.2.9")
            for line in [text + next, text + text, text + text + next, text + next + text] {
                #expect(addresses(scan(line)).allSatisfy { $0 == "192.0.2.9" }, "\(count)")
            }
        }
    }

    /// JSON that a client may send, with whole events in it.
    private static func object(depth: Int = 0, using random: inout SeededGenerator) -> String {
        let texts = [#""a{""#, #""\"kind\":\"Event\"""#, #""}]\\""#, "1.5e3", "null", event("198.51.100.66")]
        let count = Int.random(in: 0..<4, using: &random)
        switch Int.random(in: depth > 3 ? 0..<3 : 0..<6, using: &random) {
        case 0..<3: return texts.randomElement(using: &random) ?? ""
        case 3: return "[\((0..<count).map { _ in object(depth: depth + 1, using: &random) }.joined(separator: ","))]"
        default:
            let members = (0..<count).map { #""k\#($0)":"# + object(depth: depth + 1, using: &random) }
            return "{\(members.joined(separator: ","))}"
        }
    }

    @Test("no whole event is invented and few are not read, whatever clients sent and wherever events were torn")
    func anyTears() {
        var random = SeededGenerator(seed: 14)
        var whole = 0
        var read = 0
        for _ in 0..<1500 {
            var line = ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let event = Self.event("192.0.2.1", sending: Self.object(using: &random))
                let isWhole = Bool.random(using: &random)
                whole += isWhole ? 1 : 0
                line += isWhole ? event : String(event.prefix(Int.random(in: 1..<event.count, using: &random)))
            }
            let found = scan(line)
            read += found.events.count
            #expect(addresses(found).allSatisfy { $0 == "192.0.2.1" }, "\(line)")
        }
        #expect(read <= whole)
        #expect(read > whole * 98 / 100)
    }

    @Test("of another form nothing is read: an envelope, a list of events, a header")
    func envelopes() {
        let event = Self.event("198.51.100.66")
        for before in [
            #"{"time":1,"event":"#, #"{"log":""#,
            #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":["#,
            "2024-05-01T10:00:01.123Z stdout F ", "May  1 10:00:01 cp-1 k8s-audit: ", "x",
        ] {
            let found = scan(before + event)
            #expect(found.events == [], "\(before)")
            #expect(found.malformedCount == 1, "\(before)")
        }
    }

    @Test("the work is bounded, however many events seem to begin in it", .timeLimit(.minutes(1)))
    func bounded() {
        let head = #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"system:unauthenticated","#
        for piece in [
            head, head + #""a":"#, head + #""requestObject":["#, head + #""requestObject":"{"#, head + #""a":["#, "{",
        ] {
            let line = head + String(repeating: piece, count: (16 << 20) / piece.utf8.count)
            let start = ContinuousClock.now
            #expect(scan(line).events == [])
            // A debug build on a busy machine; quadratic work would take hours.
            #expect(ContinuousClock.now - start < .seconds(20), "\(piece)")
        }
    }

    @Test("an event without a user is read by its code, behind and before a torn one")
    func withoutUser() {
        let unauthorized = { (address: String) in
            #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","user":{},"#
                + #""sourceIPs":["\#(address)"],"responseStatus":{"metadata":{},"code":401}}"#
        }
        var scanner = EventScanner(selecting: [EventSelector.withoutUser(responseCode: 401)])
        let whole = unauthorized("192.0.2.1")
        for count in 1..<whole.utf8.count {
            let text = Array((whole.prefix(count) + unauthorized("192.0.2.2")).utf8)
            let found = scanner.scan(lines: text.span.bytes)
            #expect(addresses(found) == ["192.0.2.2"], "torn after \(count) bytes")
            #expect(found.malformedCount == 1 && found.lines == 2, "torn after \(count) bytes")
        }
    }
}
