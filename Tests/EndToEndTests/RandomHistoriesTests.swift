import Foundation
import Testing

/// The rule that counts a source's requests, compared with counting them one by one.
@Suite("On random histories the detection rule")
struct RandomHistoriesTests {
    @Test("counts the requests of the hour, to within one scrape interval", .timeLimit(.minutes(2)))
    func agrees() async throws {
        let seed = SourceHistory.seed
        try await Self.expectAgreement(
            of: .forbidden, on: SourceHistory.random(200, seed: seed), seed: seed)
    }

    @Test("counts them also if an exporter has a counter for each kind of credentials", .timeLimit(.minutes(2)))
    func credentials() async throws {
        let seed = SourceHistory.seed
        try await Self.expectAgreement(
            of: .unauthorized, on: SourceHistory.randomWithCredentials(100, seed: seed), seed: seed)
    }

    private static func expectAgreement(
        of rule: DetectionRule, on histories: [SourceHistory], seed: UInt64
    ) async throws {
        let differences = try await PromtoolHistories(histories: histories, rule: rule)
            .differences(of: [("rule", try rule.expression())])[0]
        for history in histories {
            if let minute = differences[history.name] {
                Issue.record("HISTORIES_SEED=\(seed): differs first at minute \(minute) of \(history)")
            }
        }
    }

    // So the result for one applies to the others. The location of a source follows after the sum.
    @Test("is the same for networks and for the other outcomes", arguments: DetectionRule.all)
    func others(rule: DetectionRule) throws {
        let sum = { (expression: String) in expression.components(separatedBy: "\n)\n")[0] }
        let analytic = DetectionRule.forbidden
        #expect(try sum(rule.expression()) == sum(rule.renamed(analytic.expression(), of: analytic)))
        let recorded = try DetectionRule.recorded()
        #expect(recorded[rule.instances] == recorded[analytic.instances].map { rule.renamed($0, of: analytic) })
    }

    // Otherwise the histories would be too simple to prove anything.
    @Test("fails if any part of it is removed", .timeLimit(.minutes(2)))
    func mutants() async throws {
        let mutants = try DetectionRule.mutants()
        let differences = try await PromtoolHistories(histories: SourceHistory.random(40, seed: 1))
            .differences(of: mutants)
        for (mutant, differing) in zip(mutants, differences) {
            #expect(!differing.isEmpty, "no history distinguishes \(mutant.name) from the rule:\n\(mutant.expression)")
        }
        // Two counters of an exporter that were created at the same time.
        let rule = DetectionRule.unauthorized
        let anyCredentials = try rule.expression().replacing(
            "topk by (src_ip, origin, credentials, first_seen, copy)",
            with: "topk by (src_ip, origin, first_seen, copy)")
        let found = try await PromtoolHistories(
            histories: SourceHistory.randomWithCredentials(20, seed: 1), rule: rule
        ).differences(of: [("any_credentials", anyCredentials)])[0]
        #expect(!found.isEmpty, "no history has such counters")
    }
}
