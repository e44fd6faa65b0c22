import AuditEvents
import AuditSources
import Foundation
import Synchronization
import Testing
import TestSupport

@Suite("Logs are followed as they change")
struct FollowedLogsTests {
    /// The output of a follower.
    private final class Delivered: Sendable {
        private let state = Mutex<(ids: [Int], states: [LogState])>(([], []))

        var ids: [Int] { state.withLock { $0.ids } }
        var states: [LogState] { state.withLock { $0.states } }

        func add(_ batch: InputBatch) {
            state.withLock { $0.ids += batch.scanned.events.compactMap { Int($0.event.auditID) } }
        }

        func set(_ states: [LogState]) {
            state.withLock { $0.states = states }
        }
    }

    /// Runs `body` while the log in a directory is followed.
    private func following(
        every interval: Duration, _ body: (LogDirectory, Delivered) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            let pattern = try #require(LogPattern(log.path("audit.log")))
            let delivered = Delivered()
            let task = Task {
                try await FollowedLogs(
                    [pattern], from: .beginning, selecting: LogDirectory.selectors, every: interval
                ) {
                    delivered.set($0)
                }.run {
                    delivered.add($0)
                    return .accepted
                }
            }
            do {
                try await body(log, delivered)
            } catch {
                task.cancel()
                throw error
            }
            task.cancel()
            try await task.value
        }
    }

    @Test("at once, by inotify, however slow the poll is")
    func inotify() async throws {
        try await following(every: .seconds(3600)) { log, delivered in
            try await eventually("the first look") { !delivered.states.isEmpty }
            try log.append([1])
            try await eventually("a log that comes", within: .seconds(5)) { delivered.ids == [1] }
            try log.append([2])
            try await eventually("a line that is appended", within: .seconds(5)) { delivered.ids == [1, 2] }
            try log.rename(to: "audit.log.1")
            try log.append([3])
            try await eventually("the log behind a rotated one", within: .seconds(5)) { delivered.ids == [1, 2, 3] }
            #expect(delivered.states.map(\.problem) == [nil])
        }
    }

    @Test("by the slow poll if inotify sees nothing, as in a directory that is created later")
    func poll() async throws {
        try await withTemporaryDirectory { directory in
            let pattern = try #require(LogPattern(directory.appending(path: "later/audit.log").path))
            let delivered = Delivered()
            let task = Task {
                try await FollowedLogs(
                    [pattern], from: .beginning, selecting: LogDirectory.selectors, every: .milliseconds(50)
                ) {
                    delivered.set($0)
                }.run {
                    delivered.add($0)
                    return .accepted
                }
            }
            defer { task.cancel() }
            try await eventually("the first look") {
                delivered.states.map(\.problem) == ["No such file or directory"]
            }
            let later = directory.appending(path: "later")
            try FileManager.default.createDirectory(at: later, withIntermediateDirectories: false)
            try LogDirectory(later).append([1])
            try await eventually("the log") { delivered.ids == [1] }
        }
    }

    @Test("without using the CPU while nothing happens")
    func idle() async throws {
        try await following(every: .seconds(1)) { log, delivered in
            try log.append([1])
            try await eventually("the line") { delivered.ids == [1] }
            let looks = Mutex(0)
            // A busy loop would show as a high number of looks; CPU time is shared with other tests.
            let pattern = try #require(LogPattern(log.path("audit.log")))
            let task = Task {
                try await FollowedLogs([pattern], from: .beginning, selecting: LogDirectory.selectors) { _ in
                    looks.withLock { $0 += 1 }
                }.run { _ in
                    .accepted
                }
            }
            try await Task.sleep(for: .seconds(2))
            task.cancel()
            let count = looks.withLock { $0 }
            #expect((1...8).contains(count), "it looked \(count) times in two seconds")
        }
    }

    @Test("and a batch that is not taken is delivered again, before any other")
    func notTaken() async throws {
        try await withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            let pattern = try #require(LogPattern(log.path("audit.log")))
            let delivered = Delivered()
            let refusals = Mutex(1)
            let task = Task {
                try await FollowedLogs([pattern], from: .beginning, selecting: LogDirectory.selectors).run { batch in
                    delivered.add(batch)
                    let isRefused = refusals.withLock { refusals in
                        defer { refusals = 0 }
                        return refusals > 0
                    }
                    return isRefused ? .unavailable(reason: "the disk is full") : .accepted
                }
            }
            defer { task.cancel() }
            try await eventually("the batch") { delivered.ids == [1] }
            try log.append([2])
            try await eventually("the batch again, and the next") { delivered.ids == [1, 1, 2] }
        }
    }
}
