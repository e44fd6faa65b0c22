import Foundation
import TestSupport

/// Kills the exporter at random moments, and restarts it, sometimes with a delay.
struct Killer {
    let options: TortureOptions
    let backups: Backups
    let findings: Findings

    /// After so many kills it is left alone for a while; logs that it has read by then are removed.
    private static let killsBetweenCalms = 20
    /// It keeps files without a name for 5 seconds, and writes a moment later that it has finished them.
    private static let calm: Duration = .seconds(8)

    private var random: SeededGenerator

    init(_ options: TortureOptions, seed: UInt64, backups: Backups, findings: Findings) {
        self.options = options
        self.backups = backups
        self.findings = findings
        random = SeededGenerator(seed: seed)
    }

    /// - Parameter exporter: It runs before and afterwards.
    mutating func run(_ exporter: inout ExporterLives, progress: (Int) -> Void) async throws {
        let end = ContinuousClock.now + .seconds(options.seconds)
        while exporter.kills < options.kills, ContinuousClock.now < end {
            try await Task.sleep(for: lifetime())
            let hadShortage = chance(0.2) && findings.hasScrape(since: exporter.started)
            if hadShortage { try await fillDisk(of: &exporter) }
            // It can stop cleanly only once it handles signals.
            if chance(0.25), !hadShortage, exporter.handlesTermination {
                try await exporter.stop()
            } else {
                try await exporter.kill()
            }
            progress(exporter.kills)
            try await absence()
            try await exporter.start()
            if exporter.kills.isMultiple(of: Self.killsBetweenCalms) { try await removeBackups(from: &exporter) }
        }
    }

    private mutating func lifetime() -> Duration {
        let milliseconds =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<25: 1...60
            case 25..<60: 60...400
            case 60..<90: 400...1200
            default: 1200...2500
            }
        return .milliseconds(Int.random(in: milliseconds, using: &random))
    }

    /// For a while it can write nothing, or little.
    private mutating func fillDisk(of exporter: inout ExporterLives) async throws {
        try await exporter.limitFiles(to: [0, 16 << 10, 64 << 10].randomElement(using: &random))
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
        guard chance(0.7) else { return }
        try await exporter.limitFiles(to: nil)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...2500, using: &random)))
    }

    /// It is down for a moment, or for several rotations of the log.
    private mutating func absence() async throws {
        guard chance(0.15) else {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...80, using: &random)))
            return
        }
        let rotations = backups.rotations + Int.random(in: 1...6, using: &random)
        let end = ContinuousClock.now + .seconds(4)
        while backups.rotations < rotations, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Removes logs that it has read completely.
    private mutating func removeBackups(from exporter: inout ExporterLives) async throws {
        let start = ContinuousClock.now
        try await eventually("a scrape") { findings.hasScrape(since: start) }
        let read = backups.read(shown: findings.shown)
        try await Task.sleep(for: Self.calm)
        // New files get the inodes of the removed ones; it may or may not observe that.
        let isAway = chance(0.5)
        if isAway { try await exporter.kill() }
        backups.remove(read)
        guard isAway else { return }
        try await absence()
        try await exporter.start()
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
}
