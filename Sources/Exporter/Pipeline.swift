import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import Logging

/// The one writer: takes batches in, one after the other, and publishes what came of them.
///
/// ```swift
/// let pipeline = Pipeline(configuration)
/// await pipeline.apply(batch)
/// pipeline.published.current.ledger.counters
/// ```
actor Pipeline {
    /// For so long batches are taken in before what came of them is published, since a snapshot costs the writer a
    /// copy of what it changes next.
    static let publicationDelay: Duration = .milliseconds(50)

    /// What pages and metrics show.
    nonisolated let published: Published<Snapshot>

    private let logger: Logger
    private let now: @Sendable () -> Double
    private let logNames: [String]
    private var detector: AccessScanningDetector
    private var locations: ReloadingLocationDatabase?
    private var readingLog: ReadingLog
    private var snapshot = Snapshot()
    private var publication: Task<Void, Never>?

    /// - Parameters:
    ///   - configuration: What to count, and for whom.
    ///   - now: The time, in seconds since 1970.
    init(_ configuration: Configuration, now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 }) {
        self.now = now
        logger = configuration.logger
        logNames = configuration.logNames
        detector = AccessScanningDetector(
            ledger: SourceLedger(limits: configuration.limits), attribution: configuration.attribution)
        locations = configuration.locations
        readingLog = ReadingLog(logger: configuration.logger)
        if !configuration.logs.isEmpty { snapshot.inputs.append(InputTotals(.file)) }
        if configuration.readsStandardInput { snapshot.inputs.append(InputTotals(.stdin)) }
        if configuration.webhook != nil { snapshot.inputs.append(InputTotals(.webhook)) }
        // Where there is no log to look at, nothing is waited for.
        snapshot.isReady = configuration.logNames.isEmpty
        snapshot.ledger = detector.ledger
        snapshot.locationsAreCurrent = configuration.locations.map { _ in true }
        published = Published(snapshot)
    }

    /// Counts what is in a batch.
    func apply(_ batch: SourceBatch) {
        let time = now()
        for event in batch.scanned.events {
            detector.observe(event, at: time) { [locations] in locations?.location(of: $0) ?? .unknown }
        }
        if let index = snapshot.inputs.firstIndex(where: { $0.input == batch.input }) {
            snapshot.inputs[index].add(batch)
        }
        if let newest = batch.scanned.lastEventTimestamp {
            snapshot.lastEventTimestamp = max(newest, snapshot.lastEventTimestamp ?? newest)
        }
        readingLog.note(batch)
        publishSoon()
    }

    /// Counts what is in a batch, and returns when what was published contains it.
    func applyAndWait(_ batch: SourceBatch) async {
        apply(batch)
        await publication?.value
    }

    /// Takes note of how logs fare; those that are not told of are as they were.
    func report(_ states: [LogState]) {
        readingLog.note(states)
        var byName = Dictionary(snapshot.logs.map { ($0.log, $0) }) { $1 }
        for state in states { byName[state.log] = state }
        let logs = logNames.compactMap { byName[$0] }
        guard logs != snapshot.logs else { return }
        snapshot.logs = logs
        snapshot.isReady = logs.count == logNames.count
        publishSoon()
    }

    /// Removes the sources that were silent for longer than the retention.
    func retireSilentSources() {
        detector.retireSilentSources(at: now())
        publishSoon()
    }

    /// Opens the database of locations anew if its file changed.
    func refreshLocations() {
        guard let outcome = locations?.refresh() else { return }
        switch outcome {
        case .unchanged: return
        case .reloaded:
            logger.info("Database of locations read again")
            snapshot.locationsAreCurrent = true
        case .failed(let error):
            logger.error("Database of locations cannot be read; the one before stays in use", error: error)
            snapshot.locationsAreCurrent = false
        }
        publishSoon()
    }

    private func publishSoon() {
        guard publication == nil else { return }
        publication = Task {
            try? await Task.sleep(for: Self.publicationDelay)
            publish()
        }
    }

    private func publish() {
        publication = nil
        snapshot.ledger = detector.ledger
        snapshot.duplicateEvents = detector.duplicateEvents
        published.publish(snapshot)
    }
}
