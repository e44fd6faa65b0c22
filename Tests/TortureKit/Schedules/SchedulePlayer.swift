import Foundation
import Glibc
import LocalStack
import TestSupport

/// Plays a schedule on real files, with real programs and the real exporter, and compares.
struct SchedulePlayer {
    private let schedule: Schedule
    private let directory: URL
    private let patience: Duration
    private let web: LoopbackAddress
    private let counted = Truth()
    private let findings = Findings()
    private let started = ContinuousClock.now

    var exporter: ExporterLives
    var lines: ScheduledLines
    var truth: ScheduleTruth
    var tree: LogTree
    var logs: [ScheduledLog] = []
    var outcome: ScheduleOutcome
    /// The first lines that were written.
    var first: ScheduledLines.Batch?
    var isFrozen = false
    var tears = 0
    var tools = 0

    /// - Parameters:
    ///   - directory: An empty directory for everything.
    ///   - port: No other program of this process may use it.
    ///   - patience: The time that the exporter may take to catch up.
    init(_ schedule: Schedule, exporter: URL, in directory: URL, port: UInt16, patience: Duration) {
        self.schedule = schedule
        self.directory = directory
        self.patience = patience
        web = .own(port: port)
        self.exporter = ExporterLives(exporter, [], in: directory)
        lines = ScheduledLines(for: schedule)
        truth = ScheduleTruth(schedule.start)
        tree = LogTree(directory.appending(path: "logs").path)
        outcome = ScheduleOutcome(seed: schedule.seed)
    }

    /// Plays it.
    ///
    /// - Returns: The outcome, with faults if there are any.
    mutating func play() async throws -> ScheduleOutcome {
        try prepare()
        let end = Flag()
        let scraper = Scraper(address: web, truth: counted, findings: findings, seed: schedule.seed, end: end)
        let scraping = Task.detached { try await onThread { scraper.run() } }
        do {
            for step in schedule.steps {
                outcome.steps[step.kind, default: 0] += 1
                try await play(step)
                try exporter.check()
                try observe(isEdit: step.isEdit)
            }
            try await finish()
        } catch is CancellationError {
            end.set()
            await exporter.abandon()
            throw CancellationError()
        } catch {
            outcome.faults.append("\(error)")
        }
        end.set()
        _ = try? await scraping.value
        await exporter.abandon()
        conclude()
        return outcome
    }

    // MARK: Layout

    private mutating func prepare() throws {
        let root = directory.appending(path: "logs").path
        for path in schedule.logs {
            let full = "\(root)/\(path)"
            logs.append(
                ScheduledLog(
                    logs.count, path: full, hasTargets: schedule.layout == .symlink,
                    appends: schedule.appends[logs.count]))
        }
        let directories = schedule.present.map { ScheduledLog.split(logs[$0].path).directory }
        for path in [root] + directories {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending(path: "spelled").path, withDestinationPath: "logs")
        say("# seed \(schedule.seed): \(schedule.layout), --audit.from \(schedule.start.rawValue)")
        say("cd \(directory.path)  # flags: \(arguments(spelling: 0).joined(separator: " "))")
    }

    /// The flags' logs, relative to the directory of logs.
    private var patterns: [String] {
        switch schedule.layout {
        case .path, .symlink: ["audit.log"]
        case .names: ["*.log"]
        case .everything: ["*"]
        case .directories: ["*/audit.log"]
        case .namesInDirectories: ["*/*.log"]
        case .both: ["audit.log", "*.log"]
        }
    }

    /// - Parameter spelling: From 0 to 3: how the same paths are written.
    func arguments(spelling: Int) -> [String] {
        let root = directory.path
        let prefix = ["\(root)/logs", "logs", "\(root)/logs/../logs", "\(root)/spelled"][spelling]
        return patterns.flatMap { ["--audit.log", "\(prefix)/\($0)"] } + [
            "--audit.from", schedule.start.rawValue, "--web.listen-address", "\(web)", "--storage.path",
            "\(root)/state",
        ]
    }

    private func matches() -> Set<String> {
        var matched: Set<String> = []
        for pattern in patterns {
            var result = glob_t()
            defer { globfree(&result) }
            guard glob("\(directory.path)/logs/\(pattern)", 0, nil, &result) == 0 else { continue }
            for index in 0..<Int(result.gl_pathc) {
                guard let name = result.gl_pathv[index], let path = realpath(name, nil) else { continue }
                matched.insert(String(cString: path))
                free(path)
            }
        }
        return matched
    }

    // MARK: Recording

    /// Writes down what happens.
    mutating func say(_ text: String) {
        let milliseconds = Int((ContinuousClock.now - started) / .milliseconds(1))
        outcome.narrative.append("\(milliseconds) ms\t\(name(text))")
    }

    /// Compares the files with those of before.
    mutating func observe(isEdit: Bool = false) throws {
        let matched = matches()
        let holders = try tree.files(lines).map { file in
            let path = realpath(file.path, nil)
            defer { free(path) }
            let isMatched = path.map { matched.contains(String(cString: $0)) } ?? false
            return ScheduleTruth.Holder(
                id: file.id, lines: file.lines, isNamed: isMatched || logs.contains { $0.isRotated(file.path) },
                isMatched: isMatched)
        }
        truth.observe(
            holders, lines,
            ScheduleTruth.Situation(
                isAway: exporter.processID == nil, isEdit: isEdit, shown: findings.highest))
    }

    /// Invents lines for a log.
    mutating func invent(_ count: Int, for log: ScheduledLog) throws -> ScheduledLines.Batch {
        if log.descriptor < 0 { try log.reopen() }
        guard let file = log.openFile else { throw TortureFailure("\(log.path) is not open") }
        let (batch, sources) = lines.invent(count * schedule.scale)
        if first == nil {
            first = ScheduledLines.Batch(numbers: Array(batch.numbers.prefix(3)), texts: Array(batch.texts.prefix(3)))
        }
        counted.add(sources)
        truth.add(sources)
        truth.add(batch.numbers, to: file, of: log.number, isLate: !log.isCurrent, isNameless: log.isNameless)
        outcome.requests += sources.count
        outcome.lines += batch.numbers.count
        return batch
    }

    // MARK: The exporter

    mutating func start(spelling: Int) async throws {
        exporter.arguments = arguments(spelling: spelling)
        say("start exporter: \(exporter.arguments.prefix(4).joined(separator: " "))")
        try await exporter.start()
    }

    /// It can stop cleanly only once it handles signals.
    mutating func stop() async throws {
        try await eventually("the exporter to handle SIGTERM") { [exporter, findings] in
            findings.hasScrape(since: exporter.started) && exporter.handlesTermination
        }
        say("kill -TERM exporter")
        try await exporter.stop()
    }

    /// Waits until everything is counted that must be.
    mutating func catchUp(isLast: Bool = false) async throws {
        try observe()
        let since = ContinuousClock.now
        // A line without its end remains unread, and is shown for each flag.
        let tails = try tree.files(lines).reduce(0) { $0 + $1.tail } * patterns.count
        let expected = truth.expectation(lines)
        let end = since + patience
        while true {
            try exporter.check()
            try Task.checkCancellation()
            let shown = findings.shown
            let isComplete = expected.required.allSatisfy { shown[$0.key, default: 0] >= $0.value }
            let isSettled = !isLast || findings.unread <= tails
            // A file that is missing is looked for again before it is reported.
            let isReported =
                !isLast || expected.reportable.allSatisfy { shown[$0.key, default: 0] >= $0.value }
                || !exporter.messages(containing: Torture.lossMessage).isEmpty || .now > since + .seconds(5)
            if isComplete, isSettled, isReported, findings.hasScrape(since: since) { break }
            guard ContinuousClock.now < end else {
                if !isSettled { outcome.faults.append("\(findings.unread) bytes or files are unread at the end") }
                try noteMissed(expected.required, shown, expected)
                throw TortureFailure("waited \(patience) for requests to be counted")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        say("# caught up: \(findings.shown.values.reduce(0, +)) requests counted")
    }

    private mutating func noteMissed(
        _ required: [CountedSource: Int], _ shown: [CountedSource: Int], _ expected: ScheduleTruth.Expectation
    ) throws {
        let files = try tree.files(lines)
        let missed = required.filter { shown[$0.key, default: 0] < $0.value }.map { source, count in
            (source: source, count: count, lines: expected.lines[source, default: []].sorted())
        }
        for (source, count, numbers) in missed.sorted(by: { ($0.lines.first ?? 0) < ($1.lines.first ?? 0) }) {
            let holders = files.filter { !$0.lines.isDisjoint(with: numbers) }.map { name($0.path) }
            outcome.faults.append(
                "\(source): \(shown[source, default: 0]) of \(count), lines \(numbers) in \(holders)")
        }
    }

    private func name(_ path: String) -> String { path.replacing(directory.path + "/", with: "") }

    // MARK: The end

    private mutating func finish() async throws {
        if isFrozen { try await play(.thaw) }
        for log in logs where access(log.directory, F_OK) == 0 {
            // Ends what was torn, and creates what was removed.
            try log.reopen()
            try await play(.write(log: log.number, lines: 1))
        }
        if exporter.processID == nil { try await start(spelling: 0) }
        try await catchUp(isLast: true)
        // Lines that it reads again now would be doubled.
        try await stop()
        try await start(spelling: schedule.lastSpelling)
        let since = exporter.started + .milliseconds(800)
        try await eventually("a scrape after the last start") { findings.hasScrape(since: since) }
        try await catchUp(isLast: true)
        try await stop()
    }

    private mutating func conclude() {
        outcome.faults += findings.notes
        outcome.scrapes = findings.scrapes
        (outcome.kills, outcome.stops) = (exporter.kills, exporter.stops)
        let expected = truth.expectation(lines)
        let losses = exporter.messages(containing: Torture.lossMessage)
        outcome.losses = losses.count
        let shown = findings.shown
        if losses.isEmpty, outcome.faults.isEmpty,
            expected.reportable.contains(where: { shown[$0.key, default: 0] < $0.value })
        {
            outcome.faults.append("no loss was reported, but:")
            try? noteMissed(expected.reportable, shown, expected)
        }
        if !truth.hasRemovals { outcome.faults += losses.map { "nothing was lost, but: \($0)" } }
        if tears == 0 {
            outcome.faults += exporter.messages(containing: "Malformed audit event").map {
                "no line is torn, but: \($0)"
            }
        }
        outcome.faults += exporter.oddOutput().map { "the exporter wrote: \($0)" }
        outcome.unknowable = expected.unknowable
    }
}
