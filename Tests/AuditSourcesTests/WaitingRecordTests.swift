import AuditEvents
import Foundation
import TestSupport
import Testing

@testable import AuditSources

/// A long record that comes in small pieces is not read again with each of them.
@Suite("A long record that is not complete", .serialized)
struct WaitingRecordTests {
    /// The IDs of the events, and how many bytes were passed on.
    private static func read(_ bytes: [UInt8], by size: Int) -> ([String], Int) {
        var scanner = EventScanner(selecting: EnvelopeLogTests.selectors)
        var lines = LineBuffer(offset: 0)
        var ids: [String] = []
        var passed = 0
        func take(_ piece: LineBuffer.Piece, isLast: Bool) {
            let found = scanner.scan(lines: lines.bytes.span.bytes.extracting(0..<piece.length), isLast: isLast)
            if !isLast { lines.giveBack(found.rest, head: found.restHead) }
            ids += found.events.map(\.event.auditID)
            passed += piece.length
        }
        for start in stride(from: 0, to: bytes.count, by: size) {
            var rest = bytes[start..<min(start + size, bytes.count)]
            while !rest.isEmpty, let piece = lines.readPiece(from: &rest) {
                take(piece, isLast: false)
                #expect(lines.lastBytes == bytes[..<lines.end].suffix(Fingerprint.limit))
            }
        }
        if let piece = lines.takeRest() { take(piece, isLast: true) }
        return (ids, passed)
    }

    private static func printed(_ event: String, members: Int) -> String {
        "{\n" + (0..<members).map { "\"member\($0)\": \"{[\\\"\",\n" }.joined() + event.dropFirst()
    }

    @Test(
        "is passed on few times, and read as at once",
        arguments: ["printed", "line", "array", "list", "item", "torn"])
    func few(form: String) {
        let size = 1 << 20
        let event = String(LogDirectory.line(1).dropLast())
        let long = String(repeating: "ab{", count: size / 3)
        let text: String
        switch form {
        case "printed": text = Self.printed(event, members: size / 30) + "\n"
        case "line": text = #"{"a":"\#(long)",\#(event.dropFirst())"# + "\n"
        case "array": text = "[\n\(event),\n{\"a\":\"\(long)\"}\n]\n"
        case "item":
            let others = (2..<6_000).map { id in String(LogDirectory.line(id).dropLast()) }.joined(separator: ",")
            let last = #"{"requestObject":"\#(long)",\#(event.dropFirst())"#
            let items = "[\(others),\(last),\(event)]"
            text = #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":\#(items)}"# + "\n"
        // An event behind it is read although it has no end.
        case "torn": text = "{\n" + (0..<size / 10).map { id in "\"m\(id)\": 1,\n" }.joined()
        default: text = String(decoding: EnvelopeLogTests.large(form, events: 6_000), as: UTF8.self)
        }
        let bytes = Array(LogDirectory.line(7).utf8) + Array(text.utf8) + Array(LogDirectory.line(8).utf8)
        let (whole, _) = Self.read(bytes, by: bytes.count)
        #expect(whole.first == "7" && whole.last == "8")
        for step in [50_000, 300_001] {
            let (ids, passed) = Self.read(bytes, by: step)
            #expect(ids == whole)
            #expect(passed < 12 * bytes.count, "by \(step)")
        }
    }

    @Test("is read after a pause if it has a fault")
    func fault() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "log")
            let pattern = try #require(LogPattern(file.path))
            try Data(("{\n" + String(repeating: "\"member\": 1,\n", count: 100_000)).utf8).write(to: file)
            var follower = LogFollower([pattern], from: .beginning, selecting: EnvelopeLogTests.selectors)
            func read(after seconds: Double) -> [String] {
                follower.look(at: .now + .seconds(seconds))
                var ids: [String] = []
                while let batch = follower.next() { ids += batch.scanned.events.map(\.event.auditID) }
                return ids
            }
            #expect(read(after: 0) == [])
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            try handle.seekToEnd()
            try handle.write(contentsOf: Data((LogDirectory.line(1) + LogDirectory.line(2)).utf8))
            // It may go on.
            #expect(read(after: 1) == [])
            #expect(read(after: 20) == ["1", "2"])
            try handle.write(contentsOf: Data(LogDirectory.line(3).utf8))
            #expect(read(after: 21) == ["3"])
        }
    }
}
