import AuditEvents
import Foundation
import TestSupport
import Testing

@testable import AuditSources

/// Of a long record that has a fault, all events before the fault count, however its bytes arrive.
@Suite("A long record with a fault", .serialized)
struct FaultyRecordTests {
    private static let events = 9_000

    enum Fault: CaseIterable {
        /// Between two items.
        case semicolon
        /// Within an item, at its beginning: the writer was killed.
        case lineFeed
        /// Nothing follows an item.
        case end
    }

    /// A log with such a record between two lines, and the events before the fault.
    private static func log(_ form: String, _ fault: Fault) throws -> (bytes: [UInt8], ids: [String]) {
        var record = EnvelopeLogTests.large(form, events: events)
        let middle = record.count * 4 / 5
        let start = try #require(record[middle...].firstRange(of: Array("},{".utf8))?.lowerBound)
        let complete = record[...start].ranges(of: Array("},{".utf8)).count + 1
        switch fault {
        case .semicolon: record[start + 1] = UInt8(ascii: ";")
        case .lineFeed: record.insert(10, at: start + 4)
        case .end: record.removeSubrange((start + 1)...)
        }
        // The line feed leaves a text behind it, which is a line of its own.
        if fault == .lineFeed { record.removeSubrange((start + 5)...) }
        let ids = ["90000"] + (0..<complete).map { "\($0)" } + ["90001"]
        return (Array(LogDirectory.line(90_000).utf8) + record + [10] + Array(LogDirectory.line(90_001).utf8), ids)
    }

    private static func format(of form: String) -> AuditFormat { form == "search" ? .elasticsearch : .auto }

    private static func read(_ bytes: [UInt8], as format: AuditFormat, by size: Int) -> (ids: [String], malformed: Int)
    {
        var scanner = EventScanner(selecting: EnvelopeLogTests.selectors)
        var lines = LineBuffer(offset: 0)
        var ids: [String] = []
        var malformed = 0
        func take(_ piece: LineBuffer.Piece, isLast: Bool) {
            let found = scanner.scan(
                lines: lines.bytes.span.bytes.extracting(0..<piece.length), as: format, isLast: isLast,
                isContinued: piece.isContinued)
            if !isLast { lines.giveBack(found.rest, head: found.restHead) }
            if found.skipsLine { lines.skipLine() }
            ids += found.events.map(\.event.auditID)
            malformed += found.malformedCount
        }
        for start in stride(from: 0, to: bytes.count, by: size) {
            var rest = bytes[start..<min(start + size, bytes.count)]
            while !rest.isEmpty, let piece = lines.readPiece(from: &rest) { take(piece, isLast: false) }
        }
        if let piece = lines.takeRest() { take(piece, isLast: true) }
        return (ids, malformed)
    }

    @Test("is read up to it, at once or piece by piece", arguments: ["list", "hub", "search"], Fault.allCases)
    func pieces(form: String, fault: Fault) throws {
        let (bytes, ids) = try Self.log(form, fault)
        var scanner = EventScanner(selecting: EnvelopeLogTests.selectors)
        let whole = scanner.scan(lines: bytes.span.bytes, as: Self.format(of: form))
        #expect(whole.malformedCount == 1)
        let isExact = whole.events.map(\.event.auditID) == ids
        #expect(isExact, "\(whole.events.count) of \(ids.count)")
        for size in [70_000, 1 << 20, 1_300_000, bytes.count] {
            let found = Self.read(bytes, as: Self.format(of: form), by: size)
            #expect(found.malformed == 1, "\(size)")
            let isExact = found.ids == ids
            #expect(isExact, "\(found.ids.count) of \(ids.count), in pieces of \(size)")
        }
    }

    @Test("is read up to it by exporters that are killed", arguments: ["list", "hub"], Fault.allCases)
    func killed(form: String, fault: Fault) throws {
        try withTemporaryDirectory { directory in
            let (bytes, expected) = try Self.log(form, fault)
            let file = directory.appending(path: "audit.log")
            let pattern = try #require(LogPattern(file.path))
            var known = KnownPositions()
            var ids: [String] = []
            var malformed = 0
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            let step = (bytes.count + 6) / 7
            for start in stride(from: 0, to: bytes.count, by: step) {
                try handle.write(contentsOf: bytes[start..<min(start + step, bytes.count)])
                for limit in [1, 2, 100] {
                    var follower = LogFollower(
                        [pattern], from: .beginning, selecting: EnvelopeLogTests.selectors, restoring: known)
                    follower.look()
                    var batches = 0
                    while batches < limit, let batch = follower.next() {
                        batches += 1
                        ids += batch.scanned.events.map(\.event.auditID)
                        malformed += batch.scanned.malformedCount
                        for position in batch.positions { known.add(position) }
                    }
                }
            }
            #expect(malformed == 1)
            let isExact = ids == expected
            #expect(isExact, "\(ids.count) of \(expected.count)")
        }
    }

    @Test("and is short is not read: keys behind its items may name another writer")
    func short() throws {
        let event = String(LogDirectory.line(1).dropLast())
        let text = #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[\#(event),\#(event);"# + "\n"
        var scanner = EventScanner(selecting: EnvelopeLogTests.selectors)
        let found = scanner.scan(lines: Array(text.utf8).span.bytes)
        #expect(found.events.isEmpty && found.malformedCount == 1)
    }

    @Test(
        "A line that begins a printed object or an array takes no line with it that is an object by itself",
        arguments: ["{\n", "[\n", "{\n{\n{\n", "[\n{},\n{\n", "{\n\"a\":\n"])
    func beginnings(beginning: String) {
        // With the keys in another order than an API server writes them in.
        let lines = (1...3).map { id in
            LogDirectory.line(id).replacing(#"{"kind":"Event","#, with: #"{"level":"Metadata","kind":"Event","#)
        }
        var scanner = EventScanner(selecting: EnvelopeLogTests.selectors)
        let found = scanner.scan(lines: Array((beginning + lines.joined()).utf8).span.bytes)
        let isSwallowed = beginning.hasSuffix(":\n")
        #expect(found.events.map(\.event.auditID) == (isSwallowed ? ["2", "3"] : ["1", "2", "3"]))
    }
}
