import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import Logging
import StateStore

/// The one writer: takes batches in, one after the other, writes what came of them together with how far was read, and
/// then publishes it.
///
/// ```swift
/// let pipeline = Pipeline(configuration, storage: try StateStore.open(directory: "data", version: "1.0", at: now))
/// await pipeline.apply(batch)
/// pipeline.published.current.counts
/// ```
///
/// While something is being written, batches are taken in as before; what they change is written next. So the writer
/// never waits for the disk, and a slow one makes larger checkpoints and not a queue. What is not written yet is
/// bounded as the counts are.
actor Pipeline {
    /// For so long batches are taken in before what came of them is written, unless someone waits for it: each write
    /// makes a disk flush that others need too, etcd for one.
    static let writingDelay: Duration = .milliseconds(200)
    /// After so long it is tried again to write what could not be written.
    static let retryDelay: Duration = .seconds(1)

    /// What pages and metrics show.
    nonisolated let published: Published<Snapshot>

    private let logger: Logger
    private let now: @Sendable () -> Double
    private let logNames: [String]
    private let store: StateStore?
    private var detector: AccessScanningDetector
    private var locations: ReloadingLocationDatabase?
    private var filter: ReloadingFilter?
    private var readingLog: ReadingLog
    private var counts: Counts
    private var snapshot: Snapshot
    // Changed since they were written.
    private var positions = KnownPositions()
    private var hasChanges = false
    private var writing: Task<Void, Never>?
    private var pause: Task<Void, Never>?
    private var waiting: [CheckedContinuation<Commitment, Never>] = []
    private var isFinishing = false

    /// - Parameters:
    ///   - configuration: What to count, and for whom.
    ///   - storage: Where to write, and what was written before; nothing is kept without.
    ///   - now: The time, in seconds since 1970.
    init(
        _ configuration: Configuration, storage: (store: StateStore, stored: StoredState)? = nil,
        now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 }
    ) {
        self.now = now
        logger = configuration.logger
        logNames = configuration.logNames
        store = storage?.store
        detector = AccessScanningDetector(
            restoring: storage?.stored, limits: configuration.limits, attribution: configuration.attribution,
            filter: configuration.filter?.content ?? RequestFilter())
        locations = configuration.locations
        filter = configuration.filter
        readingLog = ReadingLog(logger: configuration.logger)
        counts = Counts()
        counts.reading = storage?.stored.reading ?? ReadingTotals()
        // So that they stand at nought from the first scrape on.
        for input in configuration.inputs where counts.reading.inputs[input.rawValue] == nil {
            counts.reading.inputs[input.rawValue] = ReadingTotals.Input()
        }
        counts.sources = detector.ledger.counts
        counts.networks = detector.networks.counts
        counts.duplicateEvents = detector.duplicateEvents
        counts.filteredRequests = detector.filteredRequests
        snapshot = Snapshot(counts: counts)
        // Where there is no log to look at, nothing is waited for.
        snapshot.isReady = configuration.logNames.isEmpty
        snapshot.reload.lastSuccess = now()
        snapshot.locationsAreCurrent = configuration.locations.map { _ in true }
        snapshot.storage = storage.map {
            StorageState(
                wasDamaged: $0.store.damaged != nil, wasRestored: $0.stored.lastCheckpoint != nil,
                lastWritten: $0.stored.lastCheckpoint)
        }
        published = Published(snapshot)
    }

    // MARK: Counting

    /// Counts what is in a batch; it is written and published soon.
    func apply(_ batch: SourceBatch) {
        let time = now()
        for event in batch.scanned.events {
            detector.observe(event, at: time) { [locations] in locations?.location(of: $0) ?? .unknown }
        }
        counts.reading.add(batch)
        for position in batch.positions { positions.add(position) }
        for loss in batch.losses {
            counts.lostLogs += 1
            counts.lostBytes += UInt64(loss.knownBytes)
        }
        readingLog.note(batch)
        writeSoon()
    }

    /// Counts what is in a batch, and returns when that is written and published.
    ///
    /// While nothing can be written nothing is counted either, for whoever sent the batch can keep it.
    func commit(_ batch: SourceBatch) async -> Commitment {
        if let problem = snapshot.storage?.problem { return .unavailable(reason: problem) }
        apply(batch)
        pause?.cancel()
        return await withCheckedContinuation { waiting.append($0) }
    }

    /// Removes the sources that were silent for longer than the retention.
    func retireSilentSources() {
        detector.retireSilentSources(at: now())
        writeSoon()
    }

    // MARK: Writing

    /// Writes the time, so that a restart knows how long the exporter was away.
    func writeTime() {
        writeSoon()
    }

    private func writeSoon() {
        hasChanges = true
        guard writing == nil else { return }
        writing = Task { await writeChanges() }
    }

    private func writeChanges() async {
        var delay = Self.writingDelay
        while hasChanges {
            if waiting.isEmpty, !isFinishing {
                let pause = Task { [delay] in _ = try? await Task.sleep(for: delay) }
                self.pause = pause
                await pause.value
            }
            let isWritten = await write()
            delay = isWritten ? Self.writingDelay : Self.retryDelay
            if isFinishing, !isWritten { break }
        }
        writing = nil
    }

    /// Writes all that changed, and publishes it then.
    private func write() async -> Bool {
        let detection = detector.takeChanges()
        let checkpoint = Checkpoint(
            detection: detection, positions: positions.positions, reading: counts.reading, time: now())
        counts.sources = detector.ledger.counts
        counts.networks = detector.networks.counts
        counts.duplicateEvents = detector.duplicateEvents
        counts.filteredRequests = detector.filteredRequests
        let written = counts
        let waiting = waiting
        positions = KnownPositions()
        hasChanges = false
        self.waiting = []
        do throws(StateStoreError) {
            try await store?.commit(checkpoint)
        } catch {
            detector.putBack(detection)
            // What changed meanwhile stays the newest.
            let newer = positions.positions
            positions = KnownPositions(checkpoint.positions)
            for position in newer { positions.add(position) }
            hasChanges = true
            note(storageProblem: "\(error)")
            for continuation in waiting { continuation.resume(returning: .unavailable(reason: "\(error)")) }
            return false
        }
        snapshot.counts = written
        snapshot.storage?.lastWritten = checkpoint.time
        note(storageProblem: nil)
        published.publish(snapshot)
        for continuation in waiting { continuation.resume(returning: .committed) }
        return true
    }

    private func note(storageProblem problem: String?) {
        guard let storage = snapshot.storage, storage.problem != problem else { return }
        if let problem {
            logger.error(
                "State cannot be written; /metrics shows what was written last, and counting goes on in memory",
                metadata: ["reason": "\(problem)"])
        } else {
            logger.info("State is written again")
        }
        snapshot.storage?.problem = problem
        published.publish(snapshot)
    }

    /// Writes what is left, and closes the state.
    ///
    /// - Returns: Whether all was written.
    func finish() async -> Bool {
        isFinishing = true
        pause?.cancel()
        await writing?.value
        let isWritten = hasChanges ? await write() : true
        store?.close()
        return isWritten
    }

    // MARK: Status

    /// Takes note of how logs fare; those that are not told of are as they were.
    func report(_ states: [LogState]) {
        readingLog.note(states)
        var byName = Dictionary(snapshot.logs.map { ($0.log, $0) }) { $1 }
        for state in states { byName[state.log] = state }
        let logs = logNames.compactMap { byName[$0] }
        guard logs != snapshot.logs else { return }
        snapshot.logs = logs
        snapshot.isReady = logs.count == logNames.count
        published.publish(snapshot)
    }

    /// Opens the database of locations anew if its file changed, or in any case.
    ///
    /// - Returns: Why it cannot be used as it is now; `nil` where it can.
    @discardableResult
    func refreshLocations(always: Bool = false) -> LocationDatabaseError? {
        guard let outcome = locations?.refresh(always: always) else { return nil }
        switch outcome {
        case .unchanged: return nil
        case .reloaded:
            logger.info("Database of locations read again")
            snapshot.locationsAreCurrent = true
        case .failed(let error):
            logger.error("Database of locations cannot be read; the one before stays in use", error: error)
            snapshot.locationsAreCurrent = false
        }
        published.publish(snapshot)
        if case .failed(let error) = outcome { return error }
        return nil
    }

    /// Reads the filter again if its file changed, or in any case. It holds for requests that are counted from then on.
    ///
    /// - Parameter always: To read it in any case; then whoever asks for it says what came of it.
    /// - Returns: Why it cannot be used as it is now; `nil` where it can, or did not change.
    @discardableResult
    func refreshFilter(always: Bool = false) -> FilterFileError? {
        guard let outcome = filter?.refresh(always: always), outcome != .unchanged else { return nil }
        if case .failed(let error) = outcome {
            if !always { logger.error("Filter cannot be read; the one before stays in use", error: error) }
            note(filterIsCurrent: false)
            return error
        }
        if let filter { detector.filter = filter.content }
        if !always { logger.info("Filter read again") }
        note(filterIsCurrent: true)
        // Its new entries are shown at nought.
        writeSoon()
        return nil
    }

    private func note(filterIsCurrent: Bool) {
        snapshot.reload.filterIsCurrent = filterIsCurrent
        if snapshot.reload.isSuccessful { snapshot.reload.lastSuccess = now() }
        published.publish(snapshot)
    }

    /// Takes note of whether what is in the servers' configuration files is in force, when they were read again.
    func noteServers(areCurrent: Bool) {
        noteReload(serversAreCurrent: areCurrent, othersAreCurrent: snapshot.reload.othersAreCurrent)
    }

    /// Takes note of how a reload of configuration went, as far as files other than the filter are concerned.
    func noteReload(serversAreCurrent: Bool, othersAreCurrent: Bool) {
        snapshot.reload.serversAreCurrent = serversAreCurrent
        snapshot.reload.othersAreCurrent = othersAreCurrent
        if snapshot.reload.isSuccessful { snapshot.reload.lastSuccess = now() }
        published.publish(snapshot)
    }
}

extension AccessScanningDetector {
    /// Goes on from what was stored.
    fileprivate init(
        restoring stored: StoredState?, limits: SourceLimits, attribution: SourceAttribution, filter: RequestFilter
    ) {
        guard let stored else {
            self.init(
                ledger: SourceLedger(limits: limits), networks: NetworkLedger(limits: limits), attribution: attribution,
                filter: filter)
            return
        }
        self.init(
            ledger: SourceLedger(
                limits: limits, key: stored.key, restoring: stored.counters, displaced: stored.displacedSources,
                retiredRequests: stored.totals.retiredRequests),
            networks: NetworkLedger(
                limits: limits, key: stored.key, restoring: stored.networks, displaced: stored.displacedNetworks,
                retiredRequests: stored.totals.retiredNetworkRequests),
            attribution: attribution,
            deduplicator: RequestDeduplicator(
                key: stored.key, observedCount: stored.totals.observedCount, restoring: stored.observed),
            duplicateEvents: stored.totals.duplicateEvents, filter: filter,
            filteredRequests: stored.filteredRequests)
    }
}
