import AccessScanning
import StateStore
import Synchronization

/// All counts at one moment. Published counts were written before: a crash never takes back a count that was shown.
struct Counts: Sendable {
    /// The counters of each analytic.
    var analytics: [AnalyticCounts] = [AnalyticCounts(analytic: .forbidden, networks: NetworkCounts())]
    /// What is kept of the requests of each source, over all analytics.
    var profiles = SourceProfiles()
    /// Events of requests that were counted before.
    var duplicateEvents: UInt64 = 0
    /// Requests that are older than `--audit.from` allows.
    var oldRequests: UInt64 = 0
    /// Requests that matched an entry of the filter, by its name.
    var filteredRequests: [String: UInt64] = [:]
    /// Lines and bytes read, by input; inputs that are configured or were once.
    var reading = ReadingTotals()
    /// Selected events with an incomplete identity since the start, by input.
    var inexactEvents: [String: UInt64] = [:]
    /// Records of other programs in envelopes since the start, by input.
    var foreignRecords: [String: UInt64] = [:]
    /// Events that were cut off on their way, since the start, by input.
    var truncatedEvents: [String: UInt64] = [:]
    /// Logs of which some bytes were lost, since the start.
    var lostLogs: UInt64 = 0
    /// Known bytes lost, since the start.
    var lostBytes: UInt64 = 0

    /// The counters by source of the first analytic.
    var sources: SourceCounts {
        get { analytics[0].sources }
        set { analytics[0].sources = newValue }
    }
    /// The counters by network of the first analytic.
    var networks: NetworkCounts { analytics[0].networks ?? NetworkCounts() }

    /// The profile of a source; `nil` if it has no counter, or if the profile gave way to those of others.
    func profile(of source: Source) -> SourceProfile? { profiles.profile(of: source) }
}

extension Analytic {
    /// The outcomes that the exporter counts.
    static let counted: [Analytic] = [.forbidden, .unauthorized, .allowed]
}

/// The latest version of a value. Writers replace it, and readers take it; a reader waits for the exchange of a
/// reference, never for a writer's work.
final class Published<Value: Sendable>: Sendable {
    /// An element after each change; changes that nobody waited for are one element. For one reader.
    let changes: AsyncStream<Void>

    private let newest: Mutex<(value: Value, version: UInt64)>
    private let changed: AsyncStream<Void>.Continuation

    init(_ value: Value) {
        newest = Mutex((value, 0))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The latest value.
    var current: Value { latest.value }

    /// The latest value, and a number that no other version of it has.
    var latest: (value: Value, version: UInt64) { newest.withLock { $0 } }

    /// Replaces the value.
    func publish(_ new: Value) {
        newest.withLock { $0 = (new, $0.version + 1) }
        changed.yield()
    }
}

extension Published where Value: Equatable {
    /// Changes the value. A change that leaves it equal makes no new version.
    func update(_ change: (inout Value) -> Void) {
        newest.withLock { newest in
            var value = newest.value
            change(&value)
            guard value != newest.value else { return }
            newest = (value, newest.version + 1)
            changed.yield()
        }
    }
}
