import AuditSources
import StateStore

/// The state of everything the exporter works with besides counts: logs, storage and reloads. Any task may update it;
/// pages and metrics show it.
///
/// It has versions of its own, so that a change of status does not make the text of the counts stale.
final class StatusBoard: Sendable {
    private let published: Published<Status>
    private let logNames: [String]

    /// - Parameters:
    ///   - configuration: Names the logs and files whose state is shown.
    ///   - storage: The store and its content; `nil` if counts are not stored.
    ///   - now: Seconds since 1970.
    init(_ configuration: Configuration, storage: (store: StateStore, stored: StoredState)? = nil, at now: Double) {
        logNames = configuration.logNames
        var status = Status()
        // Without a log there is nothing to wait for.
        status.isReady = logNames.isEmpty
        status.reload.lastSuccess = now
        status.locationsAreCurrent = configuration.locations.map { _ in true }
        status.storage = storage.map {
            StorageStatus(
                wasDamaged: $0.store.damaged != nil, wasRestored: $0.stored.lastCheckpoint != nil,
                lastWritten: $0.stored.lastCheckpoint.map { min($0, now) })
        }
        published = Published(status)
    }

    /// A board that shows a status that is given, for tests.
    init(_ status: Status) {
        logNames = status.logs.map(\.log)
        published = Published(status)
    }

    /// The latest status.
    var current: Status { published.current }

    /// The latest status, and a number that no other version of it has.
    var latest: (value: Status, version: UInt64) { published.latest }

    /// Changes the status.
    func update(_ change: (inout Status) -> Void) {
        published.update(change)
    }

    /// Notes the state of logs; logs that are not listed keep theirs.
    func report(_ states: [LogState]) {
        update { status in
            var byName = Dictionary(status.logs.map { ($0.log, $0) }) { $1 }
            for state in states { byName[state.log] = state }
            status.logs = logNames.compactMap { byName[$0] }
            status.isReady = status.logs.count == logNames.count
        }
    }
}

/// The content of the status board.
struct Status: Sendable, Hashable {
    /// The state of each log that has been looked at, in the order of the flags.
    var logs: [LogState] = []
    /// Whether every log has been looked at.
    var isReady = false
    /// Whether the newest content of the location database is in use; `nil` without a database.
    var locationsAreCurrent: Bool?
    /// The state on disk; `nil` without one.
    var storage: StorageStatus?
    /// The certificates of each server with TLS.
    var certificates: [CertificateStatus] = []
    /// The last reload of configuration; the start counts as one.
    var reload = ReloadStatus()
}

/// The condition of the state on disk.
struct StorageStatus: Sendable, Hashable {
    /// Why it cannot be written; `nil` while it can.
    var problem: String?
    /// Whether a damaged database was moved aside at the start.
    var wasDamaged = false
    /// Whether counters were restored at the start.
    var wasRestored = false
    /// When it was last written, in seconds since 1970.
    var lastWritten: Double?
}

/// The outcome of reloads of configuration.
struct ReloadStatus: Sendable, Hashable {
    /// Whether the newest content of every file is in use. A location database counts if a requested reload found that
    /// it cannot be used.
    var isSuccessful = true
    /// When a reload last succeeded, in seconds since 1970.
    var lastSuccess: Double = 0
}

/// The certificates of one server.
struct CertificateStatus: Sendable, Hashable {
    /// The server as metrics name it: `web` or `webhook`.
    let server: String
    /// Whether the newest certificates on disk are in use.
    var isCurrent: Bool
    /// When the served certificate expires, or the first of its chain, in seconds since 1970.
    var notAfter: Double
}
