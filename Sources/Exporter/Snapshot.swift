import AccessScanning
import AuditEvents
import AuditSources

/// All that was counted, at one moment. Immutable once it is published: pages and metrics read nothing else.
struct Snapshot: Sendable {
    /// The counters of all sources.
    var ledger = SourceLedger()
    /// Events of requests that were counted before.
    var duplicateEvents: UInt64 = 0
    /// What was read, by input; those that are configured.
    var inputs: [InputTotals] = []
    /// The newest `stageTimestamp` read, in seconds since 1970.
    var lastEventTimestamp: Double?
    /// How each log fares; those that were looked at.
    var logs: [LogState] = []
    /// Whether every log was looked at.
    var isReady = false
    /// Whether the newest content of the database of locations is in use; `nil` without a database.
    var locationsAreCurrent: Bool?
}

/// What was read from the inputs of one kind.
struct InputTotals: Sendable, Hashable {
    let input: AuditInput
    /// Lines, or items of webhook bodies.
    var lines: UInt64 = 0
    /// Bytes of them, line feeds included.
    var bytes: UInt64 = 0
    /// Lines that are no audit event, oversized ones among them.
    var malformed: UInt64 = 0
    /// Lines that were too long to read.
    var oversized: UInt64 = 0

    init(_ input: AuditInput) {
        self.input = input
    }

    mutating func add(_ batch: SourceBatch) {
        let oversized = batch.oversizedLines.count
        lines += UInt64(batch.scanned.lines + oversized)
        bytes += UInt64(batch.bytes)
        malformed += UInt64(batch.scanned.malformedCount + oversized)
        self.oversized += UInt64(oversized)
    }
}
