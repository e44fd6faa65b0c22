import AuditSources
import StateStore
import Synchronization

/// The state of everything the exporter works with besides counts: logs, storage and reloads. Any task may update it;
/// pages and metrics show it.
///
/// It has versions of its own, so that a change of status does not make the text of the counts stale.
final class StatusBoard: Sendable {
    private let published: Published<Status>
    private let logNames: [String]
    /// An atomic outside of the status, since a scrape must not make the text of the status stale.
    private let scrapeCount = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - configuration: Names the logs and files whose state is shown.
    ///   - storage: The store and its content; `nil` if counts are not stored.
    ///   - now: Seconds since 1970.
    init(_ configuration: Configuration, storage: (store: StateStore, stored: StoredState)? = nil, at now: Double) {
        logNames = configuration.logNames
        var status = Status()
        status.awaitedLogs = logNames.count
        status.hasWebhook = configuration.webhook != nil
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
            status.awaitedLogs = logNames.count - status.logs.count
        }
    }

    /// The number of scrapes since the start.
    var scrapes: UInt64 { scrapeCount.load(ordering: .relaxed) }

    /// Counts a scrape.
    func countScrape() { scrapeCount.add(1, ordering: .relaxed) }
}

/// The content of the status board.
struct Status: Sendable, Hashable {
    /// The state of each log that has been looked at, in the order of the flags.
    var logs: [LogState] = []
    /// The number of logs that have not been looked at.
    var awaitedLogs = 0
    /// Whether the webhook is in use.
    var hasWebhook = false
    /// Until then inputs are not read, since the restored counters are shown first; see `Holdback`.
    var heldBackUntil: ContinuousClock.Instant?
    /// Whether the newest content of the location database is in use; `nil` without a database.
    var locationsAreCurrent: Bool?
    /// The state on disk; `nil` without one.
    var storage: StorageStatus?
    /// The certificates of each server with TLS.
    var certificates: [CertificateStatus] = []
    /// The last reload of configuration; the start counts as one.
    var reload = ReloadStatus()
}

/// Whether the exporter does its work, as `/-/ready` says.
enum Readiness: Sendable, Hashable {
    case ready
    /// Restored counters are shown before inputs are read. The exporter is ready: this time exists to be scraped.
    case heldBack
    /// Some logs have not been looked at.
    case starting
    /// No log can be read; the reasons are for people.
    case blind([String])

    /// Whether the answer is 200.
    var isReady: Bool { self == .ready || self == .heldBack }
}

extension Status {
    /// - Parameter now: Compared with `heldBackUntil`.
    func readiness(at now: ContinuousClock.Instant = .now) -> Readiness {
        if let heldBackUntil, now < heldBackUntil { return .heldBack }
        guard awaitedLogs <= 0 else { return .starting }
        if hasWebhook || logs.contains(where: { $0.problem == nil }) { return .ready }
        return .blind(logs.map { "\($0.log): \($0.problem ?? "")" })
    }

    /// Whether the exporter does its work.
    var isReady: Bool { readiness().isReady }
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
    /// Writes since the start, including failed ones.
    var writes: UInt64 = 0
    /// Failed writes since the start.
    var writeFailures: UInt64 = 0
}

/// The outcome of reloads of configuration.
struct ReloadStatus: Sendable, Hashable {
    /// Whether the newest content of every file is in use. A location database counts if a requested reload found that
    /// it cannot be used.
    var isSuccessful = true
    /// When a reload last succeeded, in seconds since 1970.
    var lastSuccess: Double = 0
    /// Reloads since the start, including failed ones.
    var attempts: UInt64 = 0
    /// Failed reloads since the start.
    var failures: UInt64 = 0

    /// Counts a reload.
    mutating func count(isSuccessful: Bool) {
        attempts += 1
        if !isSuccessful { failures += 1 }
    }
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
