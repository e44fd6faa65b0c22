import AccessScanning
import AuditSources
import Foundation
import Locations
import Logging
import StateStore

/// The one writer. It counts batches one after the other, writes the changed counts together with the read positions,
/// and then publishes them.
///
/// ```swift
/// let pipeline = Pipeline(configuration, storage: try StateStore.open(directory: "data", version: "1.0", at: now))
/// await pipeline.apply(batch)
/// pipeline.published.current.sources
/// ```
///
/// Batches are counted while a checkpoint is being written; their changes are in the next one. The writer therefore does
/// not wait for the disk, and a slow disk makes larger checkpoints, not a queue. Unwritten changes are bounded as the
/// counts are. Only while the profiles of thousands of sources are being written, batches wait: otherwise these would be
/// in memory three times, as they were published, as they are being written, and as they change meanwhile.
///
/// Nothing slow runs in here: files are read, and locations and filters loaded, elsewhere.
actor Pipeline {
    /// How long changes are collected before they are written, unless a sender waits: the events of a burst are one
    /// checkpoint.
    static let gatheringDelay: Duration = .milliseconds(20)
    /// The time from the beginning of a checkpoint to that of the next one, unless a sender waits. Each checkpoint
    /// flushes the disk, which other programs need too, for example etcd.
    static let writingInterval: Duration = .milliseconds(230)
    /// The least time from the end of a checkpoint to the beginning of the next one, unless a sender waits. In a flood
    /// each one takes long, and slows counting down.
    static let writingPause: Duration = .milliseconds(200)
    /// The interval while no event was selected: then only read positions and the totals of reading have changed.
    static let quietInterval: Duration = .seconds(1)
    /// The number of changed profiles in a checkpoint from which on batches wait until it is written.
    static let largeCheckpoint = 2000
    /// How long after a failed write the next attempt is made, unless a sender waits.
    static let retryDelay: Duration = .seconds(1)

    private enum State {
        /// Batches are taken. The loop runs while there are changes to write.
        case running(WriteLoop?)
        /// The last checkpoint is being written; no batch is taken. The task returns whether it was written.
        case finishing(Task<Bool, Never>)
        /// The store is closed.
        case closed(isWritten: Bool)
    }

    private struct WriteLoop {
        let task: Task<Void, Never>
        /// When the next changes came to be written.
        var begin: ContinuousClock.Instant
        /// The delay before the next checkpoint; cancelled when it is due earlier.
        var delay: Task<Void, Never>?
    }

    /// The counts that were written last; the first ones are those that were restored.
    nonisolated let published: Published<Counts>
    /// Shows the state of the disk.
    nonisolated let status: StatusBoard

    private let logger: Logger
    private let now: @Sendable () -> Double
    private let reading: @Sendable () -> FreezeWatch.Reading
    private let store: StateStore?
    private var counting: Counting
    private var freezes: FreezeWatch
    private var state = State.running(nil)
    private var storageProblem: String?
    /// When the last attempt to write was begun, and how long it took.
    private var lastWrite: (begin: ContinuousClock.Instant, length: Duration)?
    private var waiting: [CheckedContinuation<Acknowledgement, Never>] = []
    // While a large checkpoint is being written, and the batches that wait for that.
    private var isWritingMuch = false
    private var delayed: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - configuration: The validated flags.
    ///   - storage: The store and its content; without them counts are not stored.
    ///   - counting: The counts that were made of that content; `nil` to make them.
    ///   - now: The exporter's clock, in seconds since 1970.
    ///   - reading: The clocks by which a freeze of the process is noticed.
    init(
        _ configuration: Configuration, storage: (store: StateStore, stored: StoredState)? = nil,
        continuing counting: Counting? = nil,
        now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 },
        reading: @escaping @Sendable () -> FreezeWatch.Reading = { .now() }
    ) {
        self.now = now
        self.reading = reading
        freezes = FreezeWatch(at: reading())
        logger = configuration.logger
        store = storage?.store
        let counting = counting ?? Counting(configuration, restoring: storage?.stored, at: now())
        self.counting = counting
        published = Published(counting.counts)
        status = StatusBoard(configuration, storage: storage, at: now())
    }

    // MARK: Counting

    /// Counts a batch. It is written and published soon.
    ///
    /// - Returns: `accepted`, or `unavailable` once the exporter is stopping, and for a minute after a freeze.
    @discardableResult
    func apply(_ batch: InputBatch) async -> Acknowledgement {
        while isWritingMuch, !isHolding() { await withCheckedContinuation { delayed.append($0) } }
        guard case .running = state else { return .unavailable(reason: "the exporter is stopping") }
        guard !isHolding() else {
            return .unavailable(reason: "the exporter did not run for a while, and accepts batches within a minute")
        }
        let wasUrgent = counting.hasUrgentChanges
        counting.count(batch, at: now())
        if counting.hasUrgentChanges, !wasUrgent { endDelay() }
        writeSoon()
        return .accepted
    }

    /// Counts a batch, and returns when it is written and published.
    ///
    /// While the state cannot be written nothing is counted, since the sender keeps the batch and sends it again.
    func commit(_ batch: InputBatch) async -> Acknowledgement {
        if let storageProblem { return .unavailable(reason: storageProblem) }
        let acknowledgement = await apply(batch)
        guard acknowledgement == .accepted else { return acknowledgement }
        endDelay()
        return await withCheckedContinuation { waiting.append($0) }
    }

    /// Retires the sources that were silent for longer than the retention, and writes the time, so that a restart
    /// knows how long the exporter was down.
    func performUpkeep() {
        guard case .running = state, !isHolding() else { return }
        counting.retireSilentSources(at: now())
        writeSoon()
    }

    /// Finds out whether the process was frozen for more than 30 minutes, and whether the published counts must still
    /// stand. `UpkeepService` calls it while there is nothing to count.
    @discardableResult
    func isHolding() -> Bool {
        if let absence = freezes.look(at: reading()) {
            logger.info(
                "The process did not run for over 30 minutes; exposing the last counters for 60 s before reading on",
                metadata: ["minutes": "\(Int(min(absence, 1e15)) / 60)"])
        }
        return freezes.isHolding
    }

    /// Returns when the published counts need not stand any longer, or when the exporter stops.
    private func waitWhileHolding() async {
        while case .running = state, isHolding() { try? await Task.sleep(for: .milliseconds(100)) }
    }

    /// Uses another filter for the requests that are counted from now on.
    func use(_ filter: RequestFilter) {
        guard case .running = state else { return }
        counting.filter = filter
        endDelay()
        // Its new entries are shown at zero.
        writeSoon()
    }

    /// Uses another location database for the sources that are created from now on.
    func use(_ locations: LocationDatabase) {
        counting.locations = locations
    }

    // MARK: Writing

    private func writeSoon() {
        guard case .running(nil) = state else { return }
        state = .running(WriteLoop(task: Task { await writeChanges() }, begin: .now))
    }

    private func writeChanges() async {
        while case .running(var loop?) = state, counting.hasChanges {
            // An event may end the delay of changes that are not urgent.
            while waiting.isEmpty, case .running = state {
                let due = timeOfNextWrite(collectingSince: loop.begin)
                guard due > .now else { break }
                let delay = Task { _ = try? await Task.sleep(until: due, clock: .continuous) }
                loop.delay = delay
                state = .running(loop)
                await delay.value
            }
            // Requests that were counted before a freeze are shown a minute after it, like those that are read then.
            await waitWhileHolding()
            await write()
            if case .running(var loop?) = state {
                // Changes that came meanwhile wait for the next checkpoint.
                loop.begin = .now
                loop.delay = nil
                state = .running(loop)
            }
        }
        if case .running = state { state = .running(nil) }
    }

    /// When the changes are written, unless a sender waits.
    private func timeOfNextWrite(collectingSince begin: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let gathered = begin + Self.gatheringDelay
        guard let lastWrite else { return gathered }
        let interval =
            if storageProblem != nil { Self.retryDelay } else {
                counting.hasUrgentChanges ? Self.writingInterval : Self.quietInterval
            }
        // A slow disk is left alone for as long as it worked.
        let pause = max(Self.writingPause, lastWrite.length)
        return max(gathered, lastWrite.begin + max(interval, lastWrite.length + pause))
    }

    /// Ends the delay, so that the time of the next checkpoint is determined again.
    private func endDelay() {
        if case .running(let loop?) = state { loop.delay?.cancel() }
    }

    /// Writes all changes, then publishes the counts as they were when the write began.
    @discardableResult
    private func write() async -> Bool {
        let begin = ContinuousClock.now
        defer { lastWrite = (begin, begin.duration(to: .now)) }
        let counts = counting.counts
        let checkpoint = counting.takeCheckpoint(at: now())
        let waiting = waiting
        self.waiting = []
        isWritingMuch = checkpoint.detection.profiles.profiles.count > Self.largeCheckpoint
        defer {
            isWritingMuch = false
            for continuation in delayed { continuation.resume() }
            delayed = []
        }
        do throws(StateStoreError) {
            try await store?.commit(checkpoint)
        } catch {
            counting.putBack(checkpoint)
            status.update {
                $0.storage?.writes += 1
                $0.storage?.writeFailures += 1
            }
            note(storageProblem: "\(error)")
            for continuation in waiting { continuation.resume(returning: .unavailable(reason: "\(error)")) }
            return false
        }
        await waitWhileHolding()
        published.publish(counts)
        note(storageProblem: nil)
        status.update {
            $0.storage?.lastWritten = checkpoint.time
            $0.storage?.writes += 1
        }
        for continuation in waiting { continuation.resume(returning: .committed) }
        return true
    }

    private func note(storageProblem problem: String?) {
        guard store != nil, storageProblem != problem else { return }
        storageProblem = problem
        status.update { $0.storage?.problem = problem }
        if let problem {
            logger.error(
                "State cannot be written; /metrics shows the last written counts, counting continues in memory",
                metadata: ["reason": "\(problem)"])
        } else {
            logger.info("State can be written again")
        }
    }

    /// Takes no more batches, writes the remaining changes, and closes the store. May be called again.
    ///
    /// - Returns: Whether everything was written.
    func finish() async -> Bool {
        switch state {
        case .closed(let isWritten): return isWritten
        case .finishing(let task): return await task.value
        case .running(let loop):
            let task = Task {
                loop?.delay?.cancel()
                await loop?.task.value
                let isWritten = counting.hasChanges ? await write() : true
                store?.close()
                state = .closed(isWritten: isWritten)
                return isWritten
            }
            state = .finishing(task)
            return await task.value
        }
    }
}
