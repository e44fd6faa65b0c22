import AuditEvents
import AuditSources
import Foundation
import Testing
import TestSupport

@Suite("In a log with a line that is too long")
struct OversizedLineTests {
    private static let limit = 16 << 20

    /// A line of so many bytes, without its line feed.
    private static func line(_ id: Int, length: Int) -> String {
        let event = LogDirectory.line(id).dropLast(2)
        let padding = length - event.utf8.count - #","pad":""}"#.utf8.count
        return event + #","pad":""# + String(repeating: "x", count: padding) + "\"}"
    }

    @Test("that line is skipped and reported once with its position, then reading continues", arguments: [1, 40 << 20])
    func skipped(excess: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            let offset = LogDirectory.line(1).utf8.count
            try log.append(Self.line(2, length: Self.limit + excess) + "\n")
            try log.append([3])
            log.read()
            #expect(log.ids == [1, 3])
            #expect(log.batches.flatMap(\.oversizedLines) == [offset])
            #expect(log.bytes == offset * 2 + Self.limit + excess + 1)
            #expect(log.lastPosition?.offset == log.bytes)
            #expect(log.malformed == 0)
        }
    }

    @Test("of exactly 16 MiB, nothing is skipped")
    func longest() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(Self.line(1, length: Self.limit) + "\n")
            try log.append([2])
            log.read()
            #expect(log.ids == [1, 2])
            #expect(log.batches.flatMap(\.oversizedLines) == [])
        }
    }

    @Test("that is written in pieces, the pieces are counted and dropped as they arrive")
    func inPieces() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            let line = Self.line(1, length: Self.limit + 1000)
            try log.append(String(line.prefix(line.utf8.count - 10)))
            log.read()
            #expect(log.batches.flatMap(\.oversizedLines) == [0])
            #expect(log.lastPosition?.isInSkippedLine == true)
            #expect(log.bytes == line.utf8.count - 10)
            try log.append(String(line.suffix(10)) + "\n")
            try log.append([2])
            log.read()
            #expect(log.batches.flatMap(\.oversizedLines) == [0])
            #expect(log.ids == [2])
        }
    }
}
