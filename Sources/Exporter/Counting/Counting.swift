import AccessScanning
import AuditEvents
import AuditSources
import ConfigurationFiles
import Locations
import StateStore

/// All counts, and their changes since the last checkpoint. A value, without access to clock, disk or other threads.
struct Counting {
    /// Where new sources are; without a database their locations are empty.
    var locations: LocationDatabase?
    /// Which requests are not reported, from the next one on.
    var filter: RequestFilter {
        get { detector.filter }
        set {
            detector.filter = newValue
            hasChanges = true
            hasUrgentChanges = true
        }
    }
    /// Whether something has changed since the last checkpoint.
    private(set) var hasChanges = false
    /// Whether it is more than read positions and the totals of reading: something that people wait for.
    private(set) var hasUrgentChanges = false

    private let starts: [InputKind: StartingPoint]
    private var detector: AccessScanningDetector
    private var reading: ReadingTotals
    private var inexactEvents: [String: UInt64]
    private var foreignRecords: [String: UInt64]
    private var truncatedEvents: [String: UInt64]
    private var lostLogs: UInt64 = 0
    private var lostBytes: UInt64 = 0
    // Those that have changed since the last checkpoint.
    private var positions = KnownPositions()

    /// - Parameters:
    ///   - configuration: The validated flags.
    ///   - stored: The content of the store, or `nil` to begin with empty counters.
    ///   - now: Seconds since 1970.
    init(_ configuration: Configuration, restoring stored: StoredState?, at now: Double) {
        detector = AccessScanningDetector(
            configuration.analytics, limits: configuration.limits, attribution: configuration.attribution,
            filter: configuration.filter?.content ?? RequestFilter(),
            restoring: stored?.detection ?? DetectionState(), at: now)
        starts = [.file: configuration.start, .stdin: configuration.standardInputStart]
        locations = configuration.locations?.content
        reading = stored?.reading ?? ReadingTotals()
        reading.limitTime(to: now)
        // Zero from the first scrape on.
        inexactEvents = Dictionary(uniqueKeysWithValues: configuration.inputs.map { ($0.rawValue, 0) })
        foreignRecords = inexactEvents
        truncatedEvents = inexactEvents
        for input in configuration.inputs where reading.inputs[input.rawValue] == nil {
            reading.inputs[input.rawValue] = ReadingTotals.Input()
        }
    }

    /// All counts.
    var counts: Counts {
        Counts(
            analytics: detector.ledgers.map(\.counts), profiles: detector.profiles,
            duplicateEvents: detector.duplicateEvents,
            oldRequests: detector.oldRequests, filteredRequests: detector.filteredRequests, reading: reading,
            inexactEvents: inexactEvents, foreignRecords: foreignRecords,
            truncatedEvents: truncatedEvents, lostLogs: lostLogs, lostBytes: lostBytes)
    }

    /// Counts the events of a batch, and notes how far was read.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func count(_ batch: InputBatch, at now: Double) {
        let cutoff = starts[batch.input, default: .beginning].cutoff(batch.countsFrom, at: now)
        for selected in batch.scanned.events {
            detector.observe(
                selected.event, of: selected.selector, countingFrom: cutoff, at: now
            ) { [locations] in
                locations?.location(of: $0) ?? .unknown
            }
        }
        inexactEvents[batch.input.rawValue, default: 0] &+= UInt64(
            batch.scanned.events.count { !$0.event.hasCompleteIdentity })
        foreignRecords[batch.input.rawValue, default: 0] &+= UInt64(batch.scanned.foreign)
        truncatedEvents[batch.input.rawValue, default: 0] &+= UInt64(batch.scanned.truncated)
        reading.add(batch, at: now)
        for position in batch.positions { positions.add(position) }
        for loss in batch.losses {
            lostLogs &+= 1
            let (sum, isTooMuch) = lostBytes.addingReportingOverflow(UInt64(max(0, loss.knownBytes)))
            lostBytes = isTooMuch ? .max : sum
        }
        hasChanges = true
        if !batch.scanned.events.isEmpty || !batch.losses.isEmpty { hasUrgentChanges = true }
    }

    /// Retires the sources that were silent for longer than the retention.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func retireSilentSources(at now: Double) {
        detector.retireSilentSources(at: now)
        reading.limitTime(to: now)
        hasChanges = true
    }

    // MARK: Checkpoints

    /// Takes the changes since the last call, to be written.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func takeCheckpoint(at now: Double) -> Checkpoint {
        defer {
            positions = KnownPositions()
            hasChanges = false
            hasUrgentChanges = false
        }
        return Checkpoint(
            detection: detector.takeChanges(), positions: positions.positions, reading: reading, time: now)
    }

    /// Gives back a checkpoint that could not be written: its changes are part of the next one.
    mutating func putBack(_ checkpoint: Checkpoint) {
        detector.putBack(checkpoint.detection)
        // A position that has changed meanwhile stays the newest.
        let newer = positions.positions
        positions = KnownPositions(checkpoint.positions)
        for position in newer { positions.add(position) }
        hasChanges = true
        hasUrgentChanges = true
    }
}

extension ReadingTotals {
    /// - Parameter now: Seconds since 1970.
    fileprivate mutating func add(_ batch: InputBatch, at now: Double) {
        let oversized = batch.oversizedLines.count
        var input = inputs[batch.input.rawValue] ?? Input()
        input.lines &+= UInt64(batch.scanned.lines + oversized)
        input.bytes &+= UInt64(batch.bytes)
        input.malformed &+= UInt64(batch.scanned.malformedCount + oversized)
        input.oversized &+= UInt64(oversized)
        inputs[batch.input.rawValue] = input
        if let newest = batch.scanned.lastEventTimestamp {
            lastEventTimestamp = max(newest, lastEventTimestamp ?? newest)
            limitTime(to: now)
        }
    }

    /// No event is newer than the exporter's clock: an event of the year 9999 would hide for good that none comes.
    fileprivate mutating func limitTime(to now: Double) {
        lastEventTimestamp = lastEventTimestamp.map { min($0, now) }
    }
}
