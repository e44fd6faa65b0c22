import AuditEvents
import Compression
import Foundation
import TestSupport
import Testing

@testable import AuditSources

/// One record with many events is read in parts. An exporter that starts again within it goes on behind the last item.
@Suite("One huge record", .serialized)
struct HugeRecordRestartTests {
    private static let forms = ["list", "hub", "search", "array", "objects"]
    private static let events = 12_000

    /// Where the log is when the exporter starts again.
    enum Move: CaseIterable {
        case none, renamed, compressed, copied
    }

    /// Reads until so many batches are there, as if the exporter was killed behind them.
    private static func read(
        _ pattern: LogPattern, _ known: inout KnownPositions, batches limit: Int = .max
    ) -> (ids: [String], malformed: Int) {
        var follower = LogFollower(
            [pattern], from: .beginning, selecting: EnvelopeLogTests.selectors, restoring: known)
        var ids: [String] = []
        var (malformed, batches) = (0, 0)
        for seconds in [0.0, 6, 12, 80, 86] {
            follower.look(at: .now + .seconds(seconds))
            while batches < limit, let batch = follower.next() {
                batches += 1
                ids += batch.scanned.events.map(\.event.auditID)
                malformed += batch.scanned.malformedCount
                for position in batch.positions { known.add(position) }
            }
        }
        return (ids, malformed)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to file: URL) throws {
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: bytes)
    }

    @Test("counts each event once, whenever the exporter is killed", arguments: forms)
    func killed(form: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let line = LogDirectory.line(90_000)
            let large = EnvelopeLogTests.large(form, events: Self.events)
            let bytes = Array(line.utf8) + large + [10] + Array(LogDirectory.line(90_001).utf8)
            let format = form == "search" ? "elasticsearch:" : ""
            let pattern = try #require(LogPattern(format + file.path))
            var known = KnownPositions()
            var ids: [String] = []
            var isWithin = false
            try Data().write(to: file)
            let step = (bytes.count + 4) / 5
            for start in stride(from: 0, to: bytes.count, by: step) {
                try Self.write(bytes[start..<min(start + step, bytes.count)], to: file)
                // Killed behind any batch, and with bytes that were not read.
                for batches in [1, 2, 4] { ids += Self.read(pattern, &known, batches: batches).ids }
                isWithin = isWithin || known.positions.contains { $0.head != nil }
            }
            let (rest, malformed) = Self.read(pattern, &known)
            ids += rest
            #expect(malformed == 0)
            #expect(isWithin == (form != "objects"))
            let isExact = ids == ["90000"] + (0..<Self.events).map { "\($0)" } + ["90001"]
            #expect(isExact, "\(ids.count) events")
        }
    }

    @Test(
        "counts each event once if the log is rotated within it while no exporter runs",
        arguments: forms.filter { $0 != "search" }, Move.allCases)
    func rotated(form: String, move: Move) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let rotated = directory.appending(path: "audit.log.1")
            let bytes = EnvelopeLogTests.large(form, events: Self.events)
            let pattern = try #require(LogPattern(file.path))
            var known = KnownPositions()
            let half = bytes.count / 2
            try Data(bytes[..<half]).write(to: file)
            var (ids, _) = Self.read(pattern, &known)
            #expect(ids.count > Self.events / 4 && ids.count < Self.events)
            try Self.write(bytes[half...], to: file)
            switch move {
            case .none: break
            case .renamed: try FileManager.default.moveItem(at: file, to: rotated)
            case .compressed:
                try Data(Gzip.compress(Array(Data(contentsOf: file)))).write(to: rotated.appendingPathExtension("gz"))
                try FileManager.default.removeItem(at: file)
            case .copied:
                try FileManager.default.copyItem(at: file, to: rotated)
                try FileManager.default.removeItem(at: file)
            }
            if move != .none { try Data(LogDirectory.line(90_000).utf8).write(to: file) }
            let (rest, malformed) = Self.read(pattern, &known)
            ids += rest
            #expect(malformed == 0)
            let expected = (0..<Self.events).map { "\($0)" } + (move == .none ? [] : ["90000"])
            let isExact = ids.sorted() == expected.sorted()
            #expect(isExact, "\(ids.count) events")
        }
    }

    @Test("in a file that was written again is read from its beginning", arguments: forms.filter { $0 != "search" })
    func replaced(form: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let pattern = try #require(LogPattern(file.path))
            var known = KnownPositions()
            let bytes = EnvelopeLogTests.large(form, events: Self.events)
            try Data(bytes[..<(bytes.count / 2)]).write(to: file)
            #expect(Self.read(pattern, &known).ids.count > Self.events / 4)
            // Other content in the same file, and longer than what was read.
            let other = EnvelopeLogTests.large("hub", events: 2 * Self.events).reversed().map { $0 == 10 ? 32 : $0 }
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(LogDirectory.line(90_000).utf8) + Data(other))
            try handle.close()
            #expect(Self.read(pattern, &known).ids == ["90000"])
        }
    }
}
