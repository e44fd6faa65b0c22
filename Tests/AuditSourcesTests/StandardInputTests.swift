import AuditEvents
import AuditSources
import Compression
import Foundation
import Glibc
import Synchronization
import Testing
import TestSupport

@Suite("Standard input is read")
struct StandardInputTests {
    /// Runs `body` with the writing end of a pipe that is read; `body` closes it.
    private func reading(
        _ body: @escaping @Sendable (Int32, Task<Void, any Error>) async throws -> Void
    ) async throws -> [InputBatch] {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        defer { close(input) }
        let batches = Mutex<[InputBatch]>([])
        let task = Task {
            try await StandardInput(descriptor: input, selecting: LogDirectory.selectors).run { batch in
                batches.withLock { $0.append(batch) }
                return .accepted
            }
        }
        try await body(output, task)
        try await task.value
        return batches.withLock { $0 }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    @Test("to its end, with lines in any pieces and without a final line feed")
    func toItsEnd() async throws {
        let batches = try await reading { output, _ in
            let text = (1...3000).map(LogDirectory.line).joined() + "not json\n" + LogDirectory.line(3001).dropLast()
            Thread.detachNewThread {
                Self.write(text, to: output)
                close(output)
            }
        }
        let ids = batches.flatMap(\.scanned.events).compactMap { Int($0.event.auditID) }
        #expect(ids == Array(1...3001))
        let place = (1...3000).map { LogDirectory.line($0).utf8.count }.reduce(0, +)
        #expect(batches.flatMap(\.scanned.malformed).map(\.offset) == [place])
        #expect(batches.allSatisfy { $0.input == .stdin && $0.path == "-" && $0.positions.isEmpty })
    }

    @Test("with a byte order mark, NUL bytes and torn lines, which cost no event")
    func asItIs() async throws {
        let batches = try await reading { output, _ in
            let nul = String(repeating: "\0", count: 5000)
            let text =
                "\u{FEFF}" + LogDirectory.line(1) + nul + LogDirectory.line(2) + LogDirectory.line(9).prefix(200) + nul
                + LogDirectory.line(3) + LogDirectory.line(9).prefix(300) + LogDirectory.line(4) + nul
            Self.write(text, to: output)
            close(output)
        }
        #expect(batches.flatMap(\.scanned.events).compactMap { Int($0.event.auditID) } == [1, 2, 3, 4])
        #expect(batches.map(\.scanned.malformedCount).reduce(0, +) == 2)
        #expect(batches.flatMap(\.oversizedLines) == [])
    }

    @Test("also as gzip members behind each other, as a subscription of CloudWatch gives them, in any pieces")
    func compressed() async throws {
        let members = (1...3).map { Gzip.compress(Array(LogDirectory.line($0).utf8)) }
        let bytes = members[0] + members[1] + [10] + members[2] + [13, 10] + [0, 0]
        for size in [1, 3, bytes.count] {
            let batches = try await reading { output, _ in
                for start in stride(from: 0, to: bytes.count, by: size) {
                    Self.write(Array(bytes[start..<min(start + size, bytes.count)]), to: output)
                }
                close(output)
            }
            #expect(batches.flatMap(\.scanned.events).compactMap { Int($0.event.auditID) } == [1, 2, 3])
            #expect(batches.map(\.scanned.malformedCount).reduce(0, +) == 0)
            #expect(batches.flatMap(\.losses).isEmpty)
        }
    }

    @Test("with a whole last record without a line feed as soon as nothing follows, also in compressed data")
    func wholeRest() async throws {
        let record = Array(LogDirectory.line(1).dropLast().utf8)
        for bytes in [record, Gzip.compress(record)] {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            let (input, output) = (ends[0], ends[1])
            let ids = Mutex<[String]>([])
            let task = Task {
                try await StandardInput(
                    descriptor: input, selecting: LogDirectory.selectors, patience: .milliseconds(50)
                ).run { batch in
                    ids.withLock { $0 += batch.scanned.events.map(\.event.auditID) }
                    return .accepted
                }
            }
            Self.write(bytes, to: output)
            try await eventually("the record") { ids.withLock { $0 } == ["1"] }
            // What is not whole waits for its end.
            Self.write(bytes.dropLast(9), to: output)
            Self.write(Array(bytes.suffix(9)), to: output)
            close(output)
            try await task.value
            close(input)
            #expect(ids.withLock { $0 } == ["1", "1"])
        }
    }

    @Test("up to a fault in compressed data, which is a loss")
    func faulty() async throws {
        let member = Gzip.compress(Array(LogDirectory.line(1).utf8))
        let plain = Array(LogDirectory.line(2).utf8)
        for (bytes, reason) in [
            (member + member.dropLast(3), "compressed data ends too early"),
            (member + plain, "what follows the compressed data is not compressed"),
            (member + plain + member + plain, "what follows the compressed data is not compressed"),
            (member + member.prefix(20) + plain, "compressed data is corrupt"),
        ] {
            let batches = try await reading { output, _ in
                Self.write(bytes, to: output)
                close(output)
            }
            #expect(batches.flatMap(\.scanned.events).first?.event.auditID == "1")
            #expect(batches.flatMap(\.losses).map { $0.reason.description.hasPrefix(reason) } == [true])
        }
    }

    @Test("also if its few bytes could begin compressed data")
    func fewBytes() async throws {
        let batches = try await reading { output, _ in
            Self.write([0x1f, 0x8b].prefix(1) + [10], to: output)
            close(output)
        }
        #expect(batches.map(\.scanned.malformedCount).reduce(0, +) == 1)
    }

    @Test("until it is stopped, also while nothing arrives")
    func cancelled() async throws {
        let batches = try await reading { output, task in
            Self.write(LogDirectory.line(1), to: output)
            task.cancel()
            try await task.value
            close(output)
        }
        #expect(batches.count <= 1)
    }

    @Test(
        "with the cut-off that --audit.from gives",
        arguments: [(StartingPoint.beginning, nil), (.end, 5000.0), (.recent(seconds: 3600), 1400.0)])
    func cutoff(start: StartingPoint, expected: Double?) async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        Self.write(LogDirectory.line(1) + LogDirectory.line(2).dropLast(), to: ends[1])
        close(ends[1])
        let batches = Mutex<[InputBatch]>([])
        let input = StandardInput(
            descriptor: ends[0], selecting: LogDirectory.selectors, from: start, now: { 5000 })
        try await input.run { batch in
            batches.withLock { $0.append(batch) }
            return .accepted
        }
        #expect(batches.withLock { $0.map(\.countsFrom) } == [expected, expected])
    }

    @Test("until an error, which is reported as such, and its end as its end")
    func reports() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[1])
        let directory = open("/", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [ends[0], directory] { close(descriptor) } }
        let start = LogStart(path: "-", place: .start(.beginning))
        for (descriptor, last) in [
            (ends[0], LogState(log: "-", problem: "it has ended", starts: [start])),
            (directory, LogState(log: "-", problem: "Is a directory", readErrors: 1, starts: [start])),
        ] {
            let states = Mutex<[LogState]>([])
            try await StandardInput(descriptor: descriptor, selecting: LogDirectory.selectors) { reported in
                states.withLock { $0 += reported }
            }.run { _ in .accepted }
            #expect(states.withLock { $0 } == [LogState(log: "-", starts: [start]), last])
        }
    }
}
