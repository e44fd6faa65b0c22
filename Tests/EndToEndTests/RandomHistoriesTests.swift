import Foundation
import TestSupport
import Testing

/// The rule that counts a source's requests, held against counting them one by one.
@Suite("On random histories the detection rule")
struct RandomHistoriesTests {
    private static func histories(_ count: Int, seed: UInt64) -> [SourceHistory] {
        var random = SeededGenerator(seed: seed)
        return [SourceHistory.found] + (0..<count).map { SourceHistory.random("h\($0)", using: &random) }
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["HISTORIES_SEED"].flatMap(UInt64.init) ?? .random(in: 0...999_999)
    }

    @Test("counts what was requested in the hour, to one scrape interval", .timeLimit(.minutes(2)))
    func agrees() async throws {
        let seed = Self.seed
        let histories = Self.histories(200, seed: seed)
        let rule = ("rule", try DetectionRule.expression())
        let differences = try await PromtoolHistories(histories: histories).differences(of: [rule])[0]
        for history in histories {
            if let minute = differences[history.name] {
                Issue.record("HISTORIES_SEED=\(seed): differs first at minute \(minute) of \(history)")
            }
        }
    }

    // Else the histories would be too tame to say anything.
    @Test("does not when anything is taken from it", .timeLimit(.minutes(2)))
    func mutants() async throws {
        let seed: UInt64 = 1
        let mutants = try DetectionRule.mutants()
        let differences = try await PromtoolHistories(histories: Self.histories(40, seed: seed))
            .differences(of: mutants)
        for (mutant, differing) in zip(mutants, differences) {
            #expect(!differing.isEmpty, "nothing tells \(mutant.name) from the rule:\n\(mutant.expression)")
        }
    }
}
