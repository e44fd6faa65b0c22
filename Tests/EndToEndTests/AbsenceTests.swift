import AccessScanning
import AuditEvents
import AuditSources
@testable import Exporter
import Foundation
import LocalStack
import StateStore
import Synchronization
import TestSupport
import Testing

/// The exporter's metrics before and after a downtime, with a manual clock, evaluated by the real rules.
@Suite("An exporter that was down")
struct AbsenceTests {
    private static let scrapeInterval = 15

    /// A clock, and the scrape at each of its ticks; nothing while the exporter is down.
    private final class Timeline: Sendable {
        private let state = Mutex<(time: Int, samples: [SourceCounter?])>((0, []))

        var now: Double { Double(state.withLock { $0.time }) }
        var samples: [SourceCounter?] { state.withLock { $0.samples } }

        func pass(seconds: Int, showing pipeline: Pipeline?) {
            for _ in 0..<seconds / scrapeInterval {
                let counter = pipeline?.published.current.sources.counters.first
                state.withLock {
                    $0.samples.append(counter)
                    $0.time += scrapeInterval
                }
            }
        }
    }

    private static func batch(_ ids: Range<Int>) -> InputBatch {
        var scanned = ScannedEvents()
        scanned.events = ids.map { id in
            SelectedEvent(
                AuditEvent(
                    auditID: "\(id)", stage: "ResponseComplete", groups: ["system:unauthenticated"],
                    sourceIPs: ["192.0.2.1"], responseCode: 403, stageTimestamp: "\(id)"))
        }
        return InputBatch(input: .file, path: "audit.log", scanned: scanned, bytes: 1)
    }

    private static func pipeline(_ directory: URL, _ timeline: Timeline) throws -> (Pipeline, StoredState) {
        let storage = try StateStore.open(directory: directory.path, version: "1", at: timeline.now)
        let configuration = try Configuration(ServeOptions(auditLogs: ["audit.log"], logLevel: "error"))
        return (Pipeline(configuration, storage: storage, now: { timeline.now }), storage.stored)
    }

    /// An exporter counts 100 requests, runs for two hours, is down, and finds a backlog.
    private func samples(away: Int, backlog: Int, holdsBack: Bool = true) async throws -> [SourceCounter?] {
        let timeline = Timeline()
        try await withTemporaryDirectory { directory in
            timeline.pass(seconds: 60, showing: nil)
            let (before, _) = try Self.pipeline(directory, timeline)
            #expect(await before.commit(Self.batch(0..<100)) == .committed)
            timeline.pass(seconds: 7200, showing: before)
            await before.performUpkeep()
            #expect(await before.finish())
            timeline.pass(seconds: away, showing: nil)
            let (after, stored) = try Self.pipeline(directory, timeline)
            let holdback = Holdback(lastWritten: stored.lastCheckpoint, now: timeline.now)
            if holdsBack { timeline.pass(seconds: Int(holdback.duration.components.seconds), showing: after) }
            #expect(await after.commit(Self.batch(100..<100 + backlog)) == .committed)
            timeline.pass(seconds: 7200, showing: after)
            #expect(await after.finish())
        }
        return timeline.samples
    }

    /// Whether the alert fires at any evaluation after the downtime, as evaluated every minute by promtool.
    private func fires(_ samples: [SourceCounter?]) async throws -> Bool {
        let labels =
            #"job="kube-audit-exporter",instance="a:1",src_ip="192.0.2.1",country="",city="",origin="verified""#
        let values = { (value: (SourceCounter) -> String) in
            samples.map { $0.map(value) ?? "stale" }.joined(separator: " ")
        }
        let rules = Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml").path
        let end = samples.count * Self.scrapeInterval / 60 - 1
        var outcomes: [Bool] = []
        for outcome in [false, true] {
            let test = """
                rule_files: ['\(rules)']
                evaluation_interval: 1m
                tests:
                  - interval: \(Self.scrapeInterval)s
                    input_series:
                      - series: 'kube_audit_unauthenticated_forbidden_requests_total{\(labels)}'
                        values: '\(values { "\($0.requests)" })'
                      - series: 'kube_audit_source_first_seen_timestamp_seconds{\(labels)}'
                        values: '\(values { "\($0.firstSeen)" })'
                    promql_expr_test:
                      - expr: (sum(count_over_time(ALERTS{alertname="KubernetesAccessScanning"}[130m])) or vector(0)) > bool 0
                        eval_time: \(end)m
                        exp_samples: [{labels: '{}', value: \(outcome ? 1 : 0)}]
                """
            let result = try await withTemporaryDirectory { directory in
                let file = directory.appending(path: "absence.test.yaml")
                try Data(test.utf8).write(to: file)
                return try await Program.promtool.run(["test", "rules", file.path])
            }
            if result.exit == .status(0) { outcomes.append(outcome) }
        }
        #expect(outcomes.count == 1, "promtool must report exactly one outcome")
        return outcomes == [true]
    }

    @Test(
        "for three hours fires for six requests in its backlog, but not for five", arguments: [(6, true), (5, false)])
    func longAbsence(backlog: Int, expected: Bool) async throws {
        #expect(try await fires(try await samples(away: 3 * 3600, backlog: backlog)) == expected)
    }

    @Test(
        "for twenty minutes fires for six requests in its backlog, but not for five",
        arguments: [(6, true), (5, false)])
    func shortAbsence(backlog: Int, expected: Bool) async throws {
        #expect(try await fires(try await samples(away: 20 * 60, backlog: backlog)) == expected)
    }

    @Test("for three hours would miss the alert if it did not expose its old counters first")
    func withoutHoldingBack() async throws {
        #expect(try await fires(try await samples(away: 3 * 3600, backlog: 6, holdsBack: false)) == false)
    }
}
