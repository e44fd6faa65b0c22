import Foundation
import Testing

/// The rule that counts a source's requests, compared with counting them one by one.
@Suite("On random histories the detection rule")
struct RandomHistoriesTests {
    @Test("counts the requests of the hour, to within one scrape interval", .timeLimit(.minutes(2)))
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

    // So the result for one applies to the other.
    @Test("is the same for networks")
    func networks() throws {
        let terms = { (expression: String) in
            expression.components(separatedBy: "\n)\n")[0].replacing(/\s+/, with: " ")
                .replacing("( ", with: "(").replacing(" )", with: ")")
        }
        let ofNetworks = try DetectionRule.expression(
            of: "cluster_network:kube_audit_unauthenticated_forbidden_requests:increase1h")
        #expect(
            try terms(DetectionRule.expression())
                .replacingOccurrences(of: "requests_total", with: "requests_by_network_total")
                .replacingOccurrences(of: "kube_audit_source_", with: "kube_audit_network_")
                .replacingOccurrences(of: "src_ip, origin", with: "network")
                .replacingOccurrences(of: "src_ip_origin_first_seen", with: "network_first_seen")
                == terms(ofNetworks))
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
    }
}
