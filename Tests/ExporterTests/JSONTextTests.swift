import Foundation
import TestSupport
import Testing

@testable import Exporter

@Suite("JSON text")
struct JSONTextTests {
    private static func json(_ text: String) -> String {
        var json = JSONText()
        json.string(text)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test(
        "contains no control character, no reversed direction and no markup, and means the same to a parser",
        arguments: [
            "", "plain", "\"quoted\" and \\", "\u{0}\u{1b}[31m\u{7f}\u{9b}31m", "\r\n\t", "<script>&'",
            "\u{202e}txt.exe\u{2066}",
            "\u{feff}\u{200b}\u{2028}\u{2029}\u{ad}", "\u{e0001}\u{e007f}", "Zürich 😀 日本", "👩‍💻", "\u{e000}",
        ])
    func strings(text: String) throws {
        let json = Self.json(text)
        #expect(!json.unicodeScalars.contains { $0.isInvisible || "<>&".unicodeScalars.contains($0) })
        let parsed = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        #expect((parsed as? String).map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test("escapes in the shortest common form")
    func escapes() {
        #expect(Self.json("a\"\\\n\u{1b}<é😀\u{e0001}") == #""a\"\\\n\u001b\u003cé😀\udb40\udc01""#)
    }

    @Test("has a comma between members and between elements, and nowhere else")
    func commas() {
        var json = JSONText()
        json.array(0..<2) { json, number in
            json.object { json in
                json.key("a")
                json.integer(number)
                json.key("b")
                json.array([String]()) { $0.string($1) }
                json.key("c")
                json.array(["x", "y"]) { $0.string($1) }
            }
        }
        let first = json.take()
        #expect(
            String(decoding: first, as: UTF8.self) == #"[{"a":0,"b":[],"c":["x","y"]},{"a":1,"b":[],"c":["x","y"]}]"#)
        #expect(json.bytes.isEmpty)
    }
}

@Suite("A time in UTC")
struct UTCTimeTests {
    @Test(
        "is written as RFC 3339, within the years that it can write",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1_795_475_406.716266, "2026-11-23T23:10:06.716266Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"), (4_107_542_399.5, "2100-02-28T23:59:59.500000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"), (-5, "1970-01-01T00:00:00.000000Z"),
            (.nan, "1970-01-01T00:00:00.000000Z"), (.infinity, "9999-12-31T23:59:59.000000Z"),
            (1e300, "9999-12-31T23:59:59.000000Z"),
        ])
    func text(seconds: Double, text: String) {
        #expect(UTCTime(seconds).description == text)
    }

    @Test("agrees with Foundation on every day of two centuries")
    func days() {
        for day in 0..<73_000 {
            let date = Date(timeIntervalSince1970: Double(day) * 86400 + 3661)
            let expected = date.ISO8601Format().replacing("T", with: " ").replacing("Z", with: "")
            #expect(UTCTime(date.timeIntervalSince1970).short == expected)
        }
    }
}
