import Foundation
import LocalStack
import TestSupport
import Testing

@testable import TortureKit

/// The short form of the schedules of `make torture`.
@Suite("Whatever rotators and people do to logs")
struct ScheduleTests {
    /// Seeds of schedules that have found faults.
    private static let known: [UInt64] = [
        1009, 1016, 1025, 2009, 2012, 2021, 2023, 3005, 4011, 4017, 4039, 7043, 52_017, 624_225_579, 854_483_608,
        2_136_834_096, 2_847_097_218, 2_847_097_232,
    ]

    @Test("each request counts once, or its log is reported as lost", .timeLimit(.minutes(5)))
    func schedulesOfRotators() async throws {
        // `make torture` plays random ones.
        var options = ScheduleCampaign.Options(
            seeds: Self.known + Array(31_000..<31_008), exporter: try Program.exporter.locate())
        options.allowsLong = false
        try await withTemporaryDirectory { [options] directory in
            let report = try await ScheduleCampaign(options, in: directory).run { _ in }
            #expect(report.isClean, "\(report.failures.joined(separator: "\n"))\n\(report.line)")
        }
    }

    @Test("a seed is always the same schedule")
    func seeds() {
        for seed in UInt64(1)...50 {
            #expect("\(Schedule(seed: seed))" == "\(Schedule(seed: seed))")
            #expect("\(Schedule(seed: seed).steps)" != "\(Schedule(seed: seed + 1).steps)")
        }
    }
}

/// The truth that the schedules are compared with.
@Suite("The expectation of a schedule")
struct ScheduleTruthTests {
    /// What is expected of ten requests after their file was removed.
    private func expectation(
        shown: Int, isAway: Bool = true, isEdit: Bool = false
    ) throws -> (required: Int, reportable: Int) {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "audit.log").path
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let file = try #require(LogTree.FileID(path: path))
            var lines = ScheduledLines(for: Schedule(seed: 1, from: .beginning))
            var truth = ScheduleTruth(.beginning)
            let (batch, sources) = lines.invent(10)
            truth.add(sources)
            truth.add(batch.numbers, to: file, of: 0, isLate: false, isNameless: false)
            let holder = ScheduleTruth.Holder(
                id: file, lines: Set(batch.numbers), isNamed: true, isMatched: true)
            let counts = Dictionary(sources.prefix(shown).map { ($0, 1) }, uniquingKeysWith: +)
            for files in [[holder], []] {
                truth.observe(
                    files, lines, ScheduleTruth.Situation(isAway: isAway, isEdit: isEdit, shown: counts))
            }
            let expected = truth.expectation(lines)
            #expect(truth.hasRemovals)
            return (
                expected.required.values.reduce(0, +) * 100 / sources.count,
                expected.reportable.values.reduce(0, +) * 100 / sources.count
            )
        }
    }

    @Test("requires what was counted before its file was removed")
    func counted() throws {
        let expected = try expectation(shown: 1000)
        #expect(expected.required == 100)
    }

    @Test("allows a reported loss of a file that was begun")
    func begun() throws {
        let expected = try expectation(shown: 1)
        #expect(expected.required < 100)
        #expect(expected.reportable == 100)
    }

    @Test("requires nothing of a file that nobody saw, or of a line that a person removed")
    func unseen() throws {
        #expect(try expectation(shown: 0).reportable == 0)
        #expect(try expectation(shown: 1, isEdit: true).reportable < 100)
    }
}
