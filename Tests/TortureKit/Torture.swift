public import Foundation
import LocalStack
import TestSupport

/// Computes the expected counts independently while the exporter is killed repeatedly, and compares.
public struct Torture: Sendable {
    /// The exporter's log message about lost lines.
    public static let lossMessage = "Log lines were lost"

    private let options: TortureOptions
    private let directory: URL
    private let truth = Truth()
    private let findings = Findings()
    private let backups = Backups()
    private let shared = SharedRequests()
    private let tally = WebhookTally()
    private let web = LoopbackAddress.own(port: 21_403)
    private let webhook = LoopbackAddress.own(port: 21_404)
    private let isFollowed = Flag()
    private let endMaking = Flag()
    private let endScraping = Flag()
    private let abandon = Flag()
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - options: The parameters.
    ///   - directory: An empty directory for logs and state.
    public init(_ options: TortureOptions, in directory: URL) {
        self.options = options
        self.directory = directory
    }

    /// Runs everything.
    ///
    /// - Parameter progress: Called with progress messages.
    /// - Throws: `TortureFailure` and others if it cannot continue, `CancellationError`.
    public func run(progress: (String) -> Void) async throws -> TortureReport {
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        var exporter = ExporterLives(options.exporter, arguments, in: directory)
        do {
            let report = try await withThrowingTaskGroup(of: Void.self) { group in
                defer { endScraping.set() }
                let scraper = Scraper(
                    address: web, truth: truth, findings: findings, seed: options.seed, end: endScraping)
                group.addTask { try await onThread { scraper.run() } }
                try await exporter.start()
                try await torture(&exporter, progress)
                return try await compare(&exporter, progress)
            }
            await exporter.abandon()
            return report
        } catch {
            await exporter.abandon()
            throw error
        }
    }

    private var logs: URL { directory.appending(path: "logs") }
    private var renamedLog: URL { logs.appending(path: "audit.log") }
    private var numberedLog: URL { logs.appending(path: "numbered.log") }
    private var copiedLog: URL { logs.appending(path: "copied.log") }

    private var arguments: [String] {
        let inputs = [renamedLog, copiedLog, numberedLog].flatMap { ["--audit.log", $0.path] }
        let receiver = options.senders > 0 ? ["--webhook.listen-address", "\(webhook)"] : []
        return inputs + receiver + [
            "--audit.from", "beginning", "--source.claimed-limit", "5000", "--web.listen-address", "\(web)",
            "--storage.path",
            directory.appending(path: "state").path,
        ]
    }

    // MARK: Phases

    /// Kills the exporter while logs are written and batches are sent, and returns when all is written and sent.
    private func torture(_ exporter: inout ExporterLives, _ progress: (String) -> Void) async throws {
        var seeds = SeededGenerator(seed: options.seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { abandon.set() }
            let works = works(&seeds)
            let done = works.map { _ in Flag() }
            for (work, done) in zip(works, done) {
                group.addTask {
                    defer { done.set() }
                    try await work()
                }
            }
            // Logs that were rotated before the exporter first followed them are not read.
            try await wait("the first lines to be counted", for: exporter) {
                let shown = findings.shown
                return [1, 2, 3].allSatisfy { shown[.verified(Backups.lastSource(1, network: $0))] != nil }
            }
            isFollowed.set()
            var killer = Killer(options, seed: seeds.next(), backups: backups, findings: findings)
            try await killer.run(&exporter) { kills in progress(status(kills)) }
            endMaking.set()
            try await wait("all to be written and sent", for: exporter) { done.allSatisfy(\.isSet) }
            try await group.waitForAll()
        }
    }

    /// All sources of requests.
    private func works(_ seeds: inout SeededGenerator) -> [@Sendable () async throws -> Void] {
        let seed = (renamed: seeds.next(), copied: seeds.next(), numbered: seeds.next())
        var works: [@Sendable () async throws -> Void] = [
            { try await write(renamedLog, .renaming, 1, seed.renamed) },
            { try await write(copiedLog, .copying, 2, seed.copied) },
            { try await write(numberedLog, .numbering, 3, seed.numbered) },
        ]
        for network in 4..<4 + options.senders {
            let seed = seeds.next()
            works.append { try await onThread { send(network, seed) } }
        }
        return works
    }

    private func write(_ log: URL, _ rotation: LogWriter.Rotation, _ network: Int, _ seed: UInt64) async throws {
        var writer = try LogWriter(
            log, rotation: rotation, network: network, seed: seed, truth: truth, backups: backups,
            shared: options.senders > 0 ? shared : nil, end: endMaking)
        while !isFollowed.isSet { try await Task.sleep(for: .milliseconds(5)) }
        try await writer.run()
    }

    private func send(_ network: Int, _ seed: UInt64) {
        var sender = WebhookSender(
            to: webhook, network: network, seed: seed, truth: truth, findings: findings, shared: shared, tally: tally,
            end: endMaking, abandon: abandon)
        sender.run()
    }

    /// Lets the exporter catch up, restarts it once more, and compares.
    private func compare(_ exporter: inout ExporterLives, _ progress: (String) -> Void) async throws -> TortureReport {
        progress("\(status(exporter.kills)), catching up")
        let made = truth.made
        try? await wait("all to be counted", for: exporter) { findings.shown == made && findings.lines >= truth.lines }
        try await exporter.stop()
        try await exporter.start()
        // Lines that it reads again now would be doubled.
        try await wait("a scrape", for: exporter) { findings.hasScrape(since: exporter.started + .seconds(2)) }
        endScraping.set()
        var report = report(exporter, made: made, shown: findings.shown)
        try await compareEvidence(&report)
        try await exporter.stop()
        return report
    }

    /// Compares the values that the exporter has kept through all kills.
    private func compareEvidence(_ report: inout TortureReport) async throws {
        guard let url = URL(string: "http://\(web)/api/v1/sources") else { return }
        let shown = try await HTTPClient.get(url).body
        let (values, exact, faults) = try truth.evidence.compare(with: shown)
        report.figures.append(("values", "\(values)"))
        report.figures.append(("exact_columns", "\(exact)"))
        report.figures.append(("wrong_values", "\(faults.count)"))
        report.faults += faults.prefix(20)
    }

    private func wait(_ what: String, for exporter: ExporterLives, until condition: () -> Bool) async throws {
        let end = ContinuousClock.now + options.patience
        while !condition() {
            try exporter.check()
            guard ContinuousClock.now < end else { throw TortureFailure("waited \(options.patience) for \(what)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    // MARK: Result

    private func status(_ kills: Int) -> String {
        "killed \(kills) times of \(options.kills): \(truth.requests) requests, \(backups.rotations) rotations, "
            + "\(tally.batches) batches, \(findings.scrapes) scrapes"
    }

    private func report(
        _ exporter: ExporterLives, made: [CountedSource: Int], shown: [CountedSource: Int]
    ) -> TortureReport {
        var missed = 0
        var doubled = 0
        var report = TortureReport()
        for source in Set(made.keys).union(shown.keys).sorted() where made[source] != shown[source] {
            let difference = shown[source, default: 0] - made[source, default: 0]
            missed += max(0, -difference)
            doubled += max(0, difference)
            report.faults.append("\(source): \(shown[source, default: 0]) of \(made[source, default: 0])")
        }
        let reread = findings.lines - truth.lines
        // In doubt, a line is read again; its request is recognised. That is rare.
        if reread < 0 || reread > truth.lines / 1000 {
            report.faults.append("\(findings.lines) lines were read of \(truth.lines)")
        }
        let lost = max(findings.lostLogs, exporter.reportedLosses())
        if lost > 0 { report.faults.append("\(lost) logs were reported as lost, but none was") }
        report.faults += findings.notes
        report.figures = [
            ("reread_lines", "\(reread)"), ("kills", "\(exporter.kills)"), ("stops", "\(exporter.stops)"),
            ("shortages", "\(exporter.shortages)"), ("rotations", "\(backups.rotations)"),
            ("compressed", "\(backups.compressed)"), ("removed", "\(backups.removed)"),
            ("batches", "\(tally.batches)"), ("resent", "\(tally.resent)"), ("refused", "\(tally.refused)"),
            ("scrapes", "\(findings.scrapes)"), ("requests", "\(truth.requests)"), ("missed", "\(missed)"),
            ("doubled", "\(doubled)"),
            ("unread", "\(max(0, -reread))"), ("reread", "\(max(0, reread))"), ("fell", "\(findings.fell)"),
            ("exceeded", "\(findings.exceeded)"),
            ("early", "\(findings.early)"), ("lost", "\(lost)"),
            ("seconds", "\(Int((ContinuousClock.now - start) / .seconds(1)))"), ("seed", "\(options.seed)"),
        ]
        return report
    }
}
