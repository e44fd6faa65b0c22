import Testing

/// The rule that counts a source's requests, held against counting them one by one.
@Suite("On random histories the detection rule")
struct RandomHistoriesTests {
    @Test("counts what was requested in the hour, to one scrape interval", .timeLimit(.minutes(2)))
    func agrees() async throws {
        let seed = SourceHistory.seed
        let histories = SourceHistory.random(200, seed: seed)
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
        let mutants = try DetectionRule.mutants()
        let differences = try await PromtoolHistories(histories: SourceHistory.random(40, seed: 1))
            .differences(of: mutants)
        for (mutant, differing) in zip(mutants, differences) {
            #expect(!differing.isEmpty, "nothing tells \(mutant.name) from the rule:\n\(mutant.expression)")
        }
    }
}
