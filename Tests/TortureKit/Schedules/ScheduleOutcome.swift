/// What became of a schedule.
struct ScheduleOutcome: Sendable {
    let seed: UInt64
    /// Steps by kind.
    var steps: [String: Int] = [:]
    var lines = 0
    var requests = 0
    var kills = 0
    var stops = 0
    var scrapes = 0
    /// Losses that the exporter reported, and that were allowed.
    var losses = 0
    /// Requests that no reader could know of, by reason.
    var unknowable: [String: Int] = [:]
    /// What happened, step by step, as commands.
    var narrative: [String] = []
    /// Violations; empty if there are none.
    var faults: [String] = []
}
