public import Foundation
import LocalStack
import Synchronization

/// Plays many random schedules, and adds up their outcomes.
///
/// ```swift
/// let report = try await ScheduleCampaign(options, in: directory).run { print($0) }
/// ```
public struct ScheduleCampaign: Sendable {
    /// The parameters.
    public struct Options: Sendable {
        /// The seeds of the schedules.
        public var seeds: [UInt64]
        /// The number of schedules that are played at the same time.
        public var concurrency = 2
        /// The time that the exporter may take to catch up.
        public var patience: Duration = .seconds(30)
        /// Kinds of steps that are left out.
        public var excluded: Set<String> = []
        /// Whether some schedules have more events than the exporter recognizes. They take a minute.
        public var allowsLong = true
        /// `--audit.from`: `beginning` or `1h`; drawn by default.
        public var start: String?
        /// Whether it continues after a fault.
        public var continues = false
        /// The exporter.
        public var exporter: URL

        /// Options.
        public init(seeds: [UInt64], exporter: URL) {
            self.seeds = seeds
            self.exporter = exporter
        }
    }

    private let options: Options
    private let directory: URL

    /// - Parameters:
    ///   - options: The parameters.
    ///   - directory: Each schedule gets a directory in it, which is kept if there was a fault.
    public init(_ options: Options, in directory: URL) {
        self.options = options
        self.directory = directory
    }

    /// Plays the schedules; ends at the first fault unless `continues` is set.
    ///
    /// - Parameter progress: Called with progress messages.
    /// - Throws: `CancellationError`, or an error of the file system.
    public func run(_ progress: @escaping @Sendable (String) -> Void) async throws -> ScheduleReport {
        var report = ScheduleReport(planned: options.seeds.count)
        try await withThrowingTaskGroup(of: (slot: Int, outcome: ScheduleOutcome).self) { group in
            var rest = options.seeds[...]
            func add(slot: Int) {
                guard let seed = rest.popFirst() else { return }
                group.addTask { (slot, try await play(seed, slot)) }
            }
            for slot in 0..<options.concurrency { add(slot: slot) }
            while let (slot, outcome) = try await group.next() {
                report.add(outcome, in: place(outcome.seed))
                progress(report.progress)
                if options.continues || report.isClean { add(slot: slot) }
            }
        }
        return report
    }

    private func play(_ seed: UInt64, _ slot: Int) async throws -> ScheduleOutcome {
        let place = place(seed)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let schedule = Schedule(
            seed: seed, without: options.excluded, allowsLong: options.allowsLong,
            from: options.start.flatMap(Schedule.Start.init))
        var player = SchedulePlayer(
            schedule, exporter: options.exporter, in: place, port: UInt16(21_410 + slot),
            patience: options.patience * (schedule.scale > 1 ? 4 : 1))
        let outcome = try await player.play()
        if outcome.faults.isEmpty {
            try FileManager.default.removeItem(at: place)
        } else {
            let text = outcome.narrative + ["", "Faults:"] + outcome.faults
            try Data((text.joined(separator: "\n") + "\n").utf8).write(to: place.appending(path: "schedule.txt"))
        }
        return outcome
    }

    private func place(_ seed: UInt64) -> URL { directory.appending(path: "seed-\(seed)") }
}

/// The sum of the outcomes of schedules.
public struct ScheduleReport: Sendable {
    private let planned: Int
    private let started = ContinuousClock.now
    private var steps: [String: Int] = [:]
    private var unknowable: [String: Int] = [:]
    private var figures: [(name: String, value: Int)] = []
    private var done = 0
    /// Each failed schedule: its seed, its steps as commands, its faults, and its directory.
    public private(set) var failures: [String] = []
    /// Seeds of failed schedules.
    public private(set) var failedSeeds: [UInt64] = []

    init(planned: Int) {
        self.planned = planned
    }

    /// Whether there was no fault.
    public var isClean: Bool { failures.isEmpty }

    mutating func add(_ outcome: ScheduleOutcome, in directory: URL) {
        done += 1
        steps.merge(outcome.steps, uniquingKeysWith: +)
        unknowable.merge(outcome.unknowable, uniquingKeysWith: +)
        let own = [
            ("lines", outcome.lines), ("requests", outcome.requests), ("kills", outcome.kills),
            ("stops", outcome.stops), ("scrapes", outcome.scrapes), ("losses", outcome.losses),
            ("unknowable", outcome.unknowable.values.reduce(0, +)),
        ]
        figures = figures.isEmpty ? own : zip(figures, own).map { ($0.name, $0.value + $1.1) }
        guard !outcome.faults.isEmpty else { return }
        failedSeeds.append(outcome.seed)
        failures.append(
            """
            Schedule with seed \(outcome.seed), kept in \(directory.path):
            \(outcome.narrative.joined(separator: "\n"))
            Faults:
            \(outcome.faults.prefix(20).joined(separator: "\n"))
            """)
    }

    var progress: String {
        let seconds = max(0.001, (ContinuousClock.now - started) / .seconds(1))
        let rate = (Double(done) / seconds * 600).rounded() / 10
        return "\(done) of \(planned) schedules, \(rate) per minute, \(failures.count) failed"
    }

    /// All figures in one line.
    public var line: String {
        let seconds = Int((ContinuousClock.now - started) / .seconds(1))
        let all = [("schedules", done), ("failed", failures.count)] + figures + [("seconds", seconds)]
        return all.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }

    /// The number of steps of each kind, and of requests that no reader could know of.
    public var details: [String] {
        [("steps", steps), ("requests that need not be counted", unknowable)].map { name, numbers in
            let parts = numbers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            return "\(name): \(parts.joined(separator: ", "))"
        }
    }
}
