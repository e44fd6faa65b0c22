public import AuditEvents
import Glibc

/// Follows logs on a thread of its own, so that a file system that does not answer stops nothing else.
public struct FollowedLogs: AuditInput {
    /// `file`.
    public let kind = InputKind.file

    /// The pause after a round that a change began. Under load, a batch then has many events.
    static let pause: Duration = .milliseconds(20)
    /// The number of steps between two looks while there is always more to read: a rotated file must be opened before it
    /// is removed.
    static let stepsBetweenLooks = 32
    /// The time between these looks is at least this: a look at many logs takes longer than their steps.
    static let timeBetweenLooks: Duration = .milliseconds(100)
    /// The number of rounds without anything to read after which looks are `restFactor` times as far apart. Changes that
    /// inotify reports begin a round at once.
    static let roundsUntilRest = 10
    static let restFactor = 5
    /// How long a call may take before the logs are reported as unreadable. Slow disks take seconds.
    static let patience: Duration = .seconds(10)

    private enum Event: Sendable {
        case states([LogState])
        case batch(InputBatch)
        /// A call has not returned in time.
        case stuck
    }

    private let patterns: [LogPattern]
    private let start: StartingPoint
    private let selectors: [EventSelector]
    private let known: KnownPositions
    private let interval: Duration
    private let report: LogReport

    /// - Parameters:
    ///   - patterns: The logs.
    ///   - start: Which requests count in logs that were never followed before.
    ///   - selectors: Which events are wanted.
    ///   - known: The read positions from before the start.
    ///   - interval: The time between two looks without inotify events; longer while nothing is written. inotify does not
    ///     report everything, for example on network file systems.
    ///   - report: Takes the states of the logs when they have changed.
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
                // Each look wakes an idle machine up. A call that begins now is noticed within three times the patience.
                let time = thread.timeUntilStuck(for: Self.patience)
                try await Task.sleep(for: time == Self.patience ? time * 3 : max(.seconds(1), time))
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
                // The call may have returned since.
                guard thread.isStuck(for: Self.patience) else { continue }
                let problem = "no answer from the file system of a followed log; no log is read until it answers"
                for index in states.indices { states[index].problem = problem }
                await report(states)
                continue
            }
            thread.takeNext()
        }
    }

    /// Runs on the thread.
    private func follow(_ thread: InputThread<Event>) {
        var follower = LogFollower(patterns, from: start, selecting: selectors, restoring: known)
        let changes = FileChanges()
        var reported: [LogState] = []
        // Rounds since the last change.
        var quietRounds = 0
        while true {
            changes.forget()
            follower.look()
            var lastLook = ContinuousClock.now
            changes.watch(follower.directories)
            guard show(follower.states, insteadOf: &reported, thread) else { return }
            var steps = 0
            reading: while thread.noteProgress() {
                switch follower.step() {
                case .batch(let batch):
                    guard thread.hand(over: .batch(batch)) else { return }
                case .working: break
                case .idle: break reading
                }
                steps += 1
                guard steps % Self.stepsBetweenLooks == 0, .now - lastLook >= Self.timeBetweenLooks else { continue }
                follower.look()
                lastLook = .now
                guard show(follower.states, insteadOf: &reported, thread) else { return }
            }
            if steps > 0 {
                guard show(follower.states, insteadOf: &reported, thread) else { return }
                quietRounds = 0
            }
            if quietRounds == 0 { guard thread.wait(for: -1, timeout: Self.pause) else { return } }
            // A log with a problem is tried again after each interval.
            let isAtRest = quietRounds >= Self.roundsUntilRest && reported.allSatisfy { $0.problem == nil }
            switch thread.waking(by: changes.descriptor, timeout: isAtRest ? interval * Self.restFactor : interval) {
            case .stopped: return
            case .timedOut: quietRounds += 1
            case .ready: quietRounds = 0
            }
        }
    }

    /// Hands the states over if they have changed, or if others were shown meanwhile.
    ///
    /// - Returns: `false` if the thread must stop.
    private func show(
        _ states: [LogState], insteadOf reported: inout [LogState], _ thread: InputThread<Event>
    ) -> Bool {
        guard thread.takeInterruption() || states != reported else { return thread.noteProgress() }
        reported = states
        return thread.hand(over: .states(states))
    }
}

/// Watches directories with inotify.
private final class FileChanges {
    /// Readable after a change; -1 if inotify is not available, so that only `interval` remains.
    let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Adds directories. Watched or missing ones are ignored.
    func watch(_ directories: Set<String>) {
        guard descriptor >= 0 else { return }
        let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
        for directory in directories { inotify_add_watch(descriptor, directory, UInt32(mask)) }
    }

    /// Discards all events. A look examines all files, so their details do not matter.
    func forget() {
        guard descriptor >= 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            // Until few reports came: if other programs change files in the directory all the time, there is no end.
            while read(descriptor, buffer.baseAddress, buffer.count) > buffer.count / 2 {}
        }
    }
}
