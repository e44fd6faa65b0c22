public import AuditEvents
import Glibc

/// Follows logs on a thread of its own. A file system that does not answer stops nothing else.
public struct FollowedLogs: AuditInput {
    /// `file`.
    public let kind = InputKind.file

    /// Between two rounds of reading: under load, events are taken in by the batch and not one by one.
    static let pause: Duration = .milliseconds(20)
    /// While there is always more to read, the files are looked at after so many steps: one that is rotated away
    /// meanwhile must be opened before it is removed.
    static let stepsBetweenLooks = 32
    /// A call that has not returned for so long is reported. A slow disk takes a second, and never so long.
    static let patience: Duration = .seconds(10)

    private enum Event: Sendable {
        case states([LogState])
        case batch(InputBatch)
        /// A call has not returned for long.
        case stuck
    }

    private let patterns: [LogPattern]
    private let start: StartingPoint
    private let selectors: [EventSelector]
    private let known: KnownPositions
    private let interval: Duration
    private let report: LogReport

    /// - Parameters:
    ///   - patterns: What to follow.
    ///   - start: Where to begin in files that are there at the first look and of logs never followed before.
    ///   - selectors: Which events are wanted.
    ///   - known: How far logs were read before.
    ///   - interval: How often to look where inotify reports nothing: it does not see everything (a network file
    ///     system, a directory that was not there).
    ///   - report: Told the condition of the logs, after each round of reading.
    public init(
        _ patterns: [LogPattern], from start: StartingPoint, selecting selectors: [EventSelector],
        restoring known: KnownPositions = KnownPositions(), every interval: Duration = .seconds(1),
        report: @escaping LogReport = { _ in }
    ) {
        self.patterns = patterns
        self.start = start
        self.selectors = selectors
        self.known = known
        self.interval = interval
        self.report = report
    }

    /// Follows the logs until the task is cancelled.
    ///
    /// - Throws: What `deliver` throws.
    public func run(_ deliver: @escaping BatchHandler) async throws {
        let thread = InputThread<Event>("logs") { [self] thread in follow(thread) }
        defer { thread.stop() }
        let watch = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(1))
                if thread.isStuck(for: Self.patience) { thread.interject(.stuck) }
            }
        }
        defer { watch.cancel() }
        var states = patterns.map { LogState(log: $0.description) }
        for await event in thread.elements {
            switch event {
            case .states(let current):
                states = current
                await report(states)
            case .batch(let batch):
                guard try await self.deliver(batch, to: deliver) else { return }
            case .stuck:
                // It may have gone on since.
                guard thread.isStuck(for: Self.patience) else { continue }
                for index in states.indices { states[index].problem = "no answer from the file system" }
                await report(states)
                continue
            }
            thread.takeNext()
        }
    }

    /// What the thread does.
    private func follow(_ thread: InputThread<Event>) {
        var follower = LogFollower(patterns, from: start, selecting: selectors, restoring: known)
        let changes = FileChanges()
        repeat {
            changes.forget()
            follower.look()
            changes.watch(follower.directories)
            guard thread.hand(over: .states(follower.states)) else { return }
            var steps = 0
            reading: while thread.noteProgress() {
                switch follower.step() {
                case .batch(let batch):
                    guard thread.hand(over: .batch(batch)) else { return }
                case .working: break
                case .idle: break reading
                }
                steps += 1
                guard steps % Self.stepsBetweenLooks == 0 else { continue }
                follower.look()
                guard thread.hand(over: .states(follower.states)) else { return }
            }
            if steps > 0 { guard thread.hand(over: .states(follower.states)) else { return } }
            guard thread.wait(for: -1, timeout: Self.pause) else { return }
        } while thread.wait(for: changes.descriptor, timeout: interval)
    }
}

/// Notices that something happened in directories, by inotify.
private final class FileChanges {
    /// Can be read once something happened; -1 where there is no inotify, and only the slow look remains.
    let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Watches directories; those that are watched already, or are not there, do no harm.
    func watch(_ directories: Set<String>) {
        guard descriptor >= 0 else { return }
        let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
        for directory in directories { inotify_add_watch(descriptor, directory, UInt32(mask)) }
    }

    /// Forgets what happened so far. Which changes they were does not matter: all files are looked at.
    func forget() {
        guard descriptor >= 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}
