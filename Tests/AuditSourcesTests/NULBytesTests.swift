import AuditEvents
import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

/// Files get runs of NUL bytes: where a log was truncated under a writer without O_APPEND, and after a power failure.
@Suite("NUL bytes in a log")
struct NULBytesTests {
    private func appendNULs(_ count: Int, to log: LogDirectory) throws {
        let file = try FileHandle(forWritingTo: log.url.appending(path: "audit.log"))
        try file.seekToEnd()
        let block = Data(count: 1 << 20)
        for start in stride(from: 0, to: count, by: block.count) {
            try file.write(contentsOf: block.prefix(min(block.count, count - start)))
        }
        try file.close()
    }

    private func makeHole(_ count: Int, in log: LogDirectory) throws {
        let path = log.path("audit.log")
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        try #require(Glibc.truncate(path, size + count) == 0)
    }

    @Test("are skipped, whatever their number, and are not malformed", arguments: [1, 600, 5000, 20 << 20])
    func written(count: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            try appendNULs(count, to: log)
            try log.append([2, 3])
            log.read()
            #expect(log.ids == [1, 2, 3])
            #expect(log.malformed == 0)
            #expect(log.batches.flatMap(\.oversizedLines) == [])
            #expect(log.lastPosition?.offset == 3 * LogDirectory.line(1).utf8.count + count)
            log.restart()
            try log.append([4])
            log.read()
            #expect(log.ids == [1, 2, 3, 4])
        }
    }

    @Test("that are a hole are skipped at once", arguments: [20 << 20, 1 << 30, 1 << 40])
    func hole(count: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([])
            try makeHole(count, in: log)
            try log.append([1])
            try makeHole(count, in: log)
            let start = ContinuousClock.now
            log.read()
            try log.append([2])
            log.read()
            // It takes milliseconds; reading a terabyte would take minutes.
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(log.ids == [1, 2])
            #expect(log.malformed == 0)
            #expect(log.states.map(\.unreadBytes) == [0])
        }
    }

    @Test("end half a line, which is one malformed piece, and the event behind them is read", arguments: [1, 20 << 20])
    func behindHalfALine(count: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(String(LogDirectory.line(1).prefix(300)))
            log.read()
            try makeHole(count, in: log)
            try log.append([2])
            log.read()
            #expect(log.ids == [2])
            #expect(log.malformed == 1)
        }
    }

    @Test("within a line that does not begin as JSON are a part of it, whatever is behind them", arguments: [1, 5000])
    func withinATextLine(count: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append("x")
            log.read()
            try appendNULs(count, to: log)
            log.read()
            try log.append([1])
            log.read()
            log.restart()
            try log.append([2])
            log.read()
            #expect(log.ids == [2])
            #expect(log.malformed == 1)
        }
    }

    @Test("before the first event after a truncation cost no event")
    func truncatedWithoutAppend() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            let writer = open(log.path("audit.log"), O_WRONLY | O_CREAT, 0o644)
            try #require(writer >= 0)
            defer { close(writer) }
            let write = { (ids: ClosedRange<Int>) in
                let text = ids.map(LogDirectory.line).joined()
                _ = text.withCString { Glibc.write(writer, $0, strlen($0)) }
            }
            write(1...50)
            log.read()
            for round in 1...3 {
                try log.truncate()
                log.read()
                write(100 * round...100 * round + 1)
                log.read()
            }
            #expect(log.ids == Array(1...50) + [100, 101, 200, 201, 300, 301])
            #expect(log.malformed == 0)
            #expect(log.losses == [])
        }
    }

    @Test("and a byte order mark before the first line, also after a truncation, cost no event")
    func byteOrderMark() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append("\u{FEFF}")
            log.read()
            try log.append([1, 2])
            log.read()
            try log.truncate()
            try log.append("\u{FEFF}" + LogDirectory.line(3))
            log.read()
            #expect(log.ids == [1, 2, 3])
            #expect(log.malformed == 0)
        }
    }

    @Test("torn lines and marks cost the same, however the log is cut into writes and reads")
    func anyWrites() throws {
        var random = SeededGenerator(seed: 14)
        for round in 0..<30 {
            let event = LogDirectory.line(round)
            let pieces = [
                event, event, String(event.dropLast()), String(event.prefix(20)), String(event.prefix(300)), "\n",
                "\r\n",
                "\u{FEFF}", "\0", String(repeating: "\0", count: 3000), "x", " ", "\n",
            ]
            let text = (0..<40).compactMap { _ in pieces.randomElement(using: &random) }.joined() + "\n"
            var scanner = EventScanner(selecting: LogDirectory.selectors)
            let bytes = Array(text.utf8)
            let whole = scanner.scan(lines: bytes.span.bytes)
            try withTemporaryDirectory { directory in
                let log = try LogDirectory(directory)
                var rest = text.unicodeScalars[...]
                while !rest.isEmpty {
                    let count = Int.random(in: 1...2000, using: &random)
                    try log.append(String(rest.prefix(count)))
                    rest = rest.dropFirst(count)
                    if Bool.random(using: &random) { log.read() }
                    if Int.random(in: 0..<5, using: &random) == 0 { log.restart() }
                }
                log.read()
                #expect(log.ids.count == whole.events.count, "round \(round)")
                #expect(log.malformed == whole.malformedCount, "round \(round)")
                #expect(log.batches.map(\.scanned.lines).reduce(0, +) == whole.lines, "round \(round)")
                #expect(log.bytes == bytes.count)
            }
        }
    }
}
