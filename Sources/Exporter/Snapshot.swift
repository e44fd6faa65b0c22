import AccessScanning
import AuditEvents
import AuditSources
import StateStore

/// What pages and metrics show. Immutable once it is published; they read nothing else.
struct Snapshot: Sendable {
    /// What was counted, as it was written last: a count that was once shown is never taken back by a crash.
    var counts = Counts()
    /// How each log fares; those that were looked at.
    var logs: [LogState] = []
    /// Whether every log was looked at.
    var isReady = false
    /// Whether the newest content of the database of locations is in use; `nil` without a database.
    var locationsAreCurrent: Bool?
    /// How the state on disk fares; `nil` without one.
    var storage: StorageState?
    /// How the last reload of configuration went; the start is one too.
    var reload = ReloadState()
}

/// All that was counted, at one moment.
struct Counts: Sendable {
    /// The counters of all sources.
    var sources = SourceCounts()
    /// The counters by network.
    var networks = NetworkCounts()
    /// Events of requests that were counted before.
    var duplicateEvents: UInt64 = 0
    /// Requests that matched an entry of the filter, by its name.
    var filteredRequests: [String: UInt64] = [:]
    /// What was read, by input; those that are configured or were once.
    var reading = ReadingTotals()
    /// Logs that were lost, in part or whole, since the start.
    var lostLogs: UInt64 = 0
    /// The bytes that are known to be lost with them.
    var lostBytes: UInt64 = 0
}

/// How the state on disk fares.
struct StorageState: Sendable, Hashable {
    /// Why it cannot be written, for people; `nil` while it can.
    var problem: String?
    /// Whether a damaged database was moved aside at the start.
    var wasDamaged = false
    /// Whether counters of before were found at the start.
    var wasRestored = false
    /// When it was written last, in seconds since 1970.
    var lastWritten: Double?
}

/// How a reload of configuration went.
struct ReloadState: Sendable, Hashable {
    /// Whether what is in the servers' configuration files is in force; they are also read when no reload is asked for.
    var serversAreCurrent = true
    /// Whether everything else that was read again at the last reload is in use.
    var othersAreCurrent = true
    /// Whether the filter's newest content is in use; it is also read when no reload is asked for.
    var filterIsCurrent = true
    /// When the last one that succeeded was, in seconds since 1970.
    var lastSuccess: Double = 0

    /// Whether everything that was read again is in use.
    var isSuccessful: Bool { serversAreCurrent && othersAreCurrent && filterIsCurrent }
}

extension ReadingTotals {
    mutating func add(_ batch: SourceBatch) {
        let oversized = batch.oversizedLines.count
        inputs[batch.input.rawValue, default: Input()].lines &+= UInt64(batch.scanned.lines + oversized)
        inputs[batch.input.rawValue, default: Input()].bytes &+= UInt64(batch.bytes)
        inputs[batch.input.rawValue, default: Input()].malformed &+= UInt64(batch.scanned.malformedCount + oversized)
        inputs[batch.input.rawValue, default: Input()].oversized &+= UInt64(oversized)
        if let newest = batch.scanned.lastEventTimestamp {
            lastEventTimestamp = max(newest, lastEventTimestamp ?? newest)
        }
    }
}
