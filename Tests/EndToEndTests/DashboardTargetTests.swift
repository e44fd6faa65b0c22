import Foundation
import LocalStack
import Testing

/// The dashboards' expressions on invented targets: exporters, other programs, and an exporter whose pod is replaced.
@Suite("The dashboards' targets")
struct DashboardTargetTests {
    private typealias Series = (name: String, values: String)
    private typealias Sample = (labels: String, value: Double)

    /// Programs that are no exporters: one that is down, one whose job is named like an exporter's, and Prometheus.
    private static let others: [Series] = [
        (#"up{job="node-exporter",instance="10.0.0.9:9100"}"#, "0x60"),
        (#"up{job="kube-audit-exporter",instance="10.0.0.3:8443"}"#, "0x60"),
        (#"up{job="prometheus",instance="10.0.0.8:9090"}"#, "1x60"),
        (#"process_resident_memory_bytes{job="prometheus",instance="10.0.0.8:9090"}"#, "1000x60"),
        (#"process_cpu_seconds_total{job="prometheus",instance="10.0.0.8:9090"}"#, "0+30x60"),
        (#"process_open_fds{job="prometheus",instance="10.0.0.8:9090"}"#, "10x60"),
        (#"process_max_fds{job="prometheus",instance="10.0.0.8:9090"}"#, "20x60"),
        (#"process_start_time_seconds{job="prometheus",instance="10.0.0.8:9090"}"#, "60x60"),
    ]

    @Test("never include another program, whatever the panel", .timeLimit(.minutes(1)))
    func otherPrograms() async throws {
        var cases: [(minute: Int, expression: String, samples: [Sample])] = []
        for panel in try Dashboard.all().flatMap(\.dashboard.shown) {
            for expression in panel.expressions {
                // A number of things is zero without exporters; everything else has no value.
                let isNumber = expression.text.hasSuffix(" or vector(0)")
                cases.append((30, try expression.filled(), isNumber ? [("{}", 0)] : []))
            }
        }
        try await Self.expect(cases, on: Self.others)
    }

    @Test("include an exporter under any job name, and one that is down", .timeLimit(.minutes(1)))
    func exporterDown() async throws {
        let one = #"job="monitoring/kube-audit-exporter",instance="10.0.0.1:10403""#
        let other = #"job="release-kube-audit-exporter",instance="10.0.0.2:10403""#
        let series: [Series] =
            Self.others + [
                ("up{\(one),pod=\"a\"}", "1x60"), ("up{\(other),pod=\"b\"}", "1x9 0x50"),
                ("kube_audit_exporter_build_info{\(one),pod=\"a\",version=\"1\"}", "1x60"),
                ("kube_audit_exporter_build_info{\(other),pod=\"b\",version=\"1\"}", "1x9 stale"),
                ("process_resident_memory_bytes{\(one),pod=\"a\"}", "64x60"),
                ("process_resident_memory_bytes{\(other),pod=\"b\"}", "32x9 stale"),
                ("process_start_time_seconds{\(one),pod=\"a\"}", "0x60"),
            ]
        let states: [Sample] = [("{\(one)}", 1), ("{\(other)}", 0)]
        try await Self.expect(
            [
                (30, try Self.expression("Up"), states), (30, try Self.expression("Exporters"), states),
                (30, try Self.expression("Exporters up"), [("{}", 0.5)]),
                (5, try Self.expression("Exporters up"), [("{}", 1)]),
                (30, try Self.expression("Memory"), [("{\(one)}", 64)]),
                (5, try Self.expression("Memory"), [("{\(one)}", 64), ("{\(other)}", 32)]),
                (30, try Self.expression("Uptime"), [("{}", 1800)]),
            ], on: series)
    }

    /// A pod is replaced at minute 10 and keeps its state. The old series have no stale marker, so that they live on for
    /// five minutes beside the new ones.
    @Test(
        "show a source or an exporter once while its pod is replaced", .timeLimit(.minutes(1)),
        arguments: ["10.0.0.1:10403", "10.0.0.2:10403"])
    func replacedPod(instance: String) async throws {
        let source = #"src_ip="192.0.2.1",country="Germany",city="Berlin",origin="verified""#
        let series: [Series] =
            Self.others
            + Self.exporter(
                "10.0.0.1:10403", pod: "a", from: 0, to: 10, source: source, requests: "_ 3x3 4x4", created: "_ 30x8")
            + Self.exporter(
                instance, pod: "b", from: 10, to: 40, source: source, requests: "5x2 6x27", created: "30x29")
            // The panel of sources shows those with an alert.
            + [("ALERTS{alertname=\"KubernetesAccessScanning\",alertstate=\"firing\",\(source)}", "1x40")]
        let isSame = instance == "10.0.0.1:10403"
        let requests = try Self.expression("Requests by origin")
        let sum = try Self.expression("Sources over the threshold now", 1)
        var cases: [(minute: Int, expression: String, samples: [Sample])] = [
            // No request twice: three at first, one at minute 5, one after the replacement. The one between the last
            // scrape of the old pod and the first of the new one is omitted, which the panel's description says.
            (1, requests, [(#"{origin="verified"}"#, 3)]), (5, requests, [(#"{origin="verified"}"#, 1)]),
            (10, requests, [(#"{origin="verified"}"#, 0)]), (11, requests, [(#"{origin="verified"}"#, 0)]),
            (13, requests, [(#"{origin="verified"}"#, 1)]), (20, requests, [(#"{origin="verified"}"#, 0)]),
            (12, sum, [("{\(source)}", 5)]), (14, sum, [("{\(source)}", 6)]),
            (12, try Self.expression("Exporters up"), [("{}", 1)]),
        ]
        if isSame {
            let job = #"job="monitoring/kube-audit-exporter",instance="10.0.0.1:10403""#
            cases += [
                (12, try Self.expression("Up"), [("{\(job)}", 1)]),
                (12, try Self.expression("Version"), [(#"{version="1"}"#, 1)]),
                (12, try Self.expression("Exporters", 2), [("{\(job)}", 3)]),
                (12, try Self.expression("Requests counted"), [("{\(job)}", 7)]),
                (12, try Self.expression("Filtered requests"), [("{\(job),filter=\"probes\"}", 9)]),
                (12, try Self.expression("Unreadable logs"), [("{}", 1)]),
            ]
        }
        try await Self.expect(cases, on: series)
    }

    /// The series of one pod, from one minute until before another.
    private static func exporter(
        _ instance: String, pod: String, from start: Int, to end: Int, source: String, requests: String,
        created: String
    ) -> [Series] {
        let target = "job=\"monitoring/kube-audit-exporter\",instance=\"\(instance)\",pod=\"\(pod)\""
        let before = start == 0 ? "" : "_x\(start) "
        func constant(_ value: Int) -> String { "\(before)\(value)x\(end - start - 1)" }
        return [
            ("up{\(target)}", constant(1)),
            ("kube_audit_exporter_build_info{\(target),version=\"1\"}", constant(1)),
            ("kube_audit_tracked_sources{\(target),origin=\"verified\"}", constant(1)),
            ("kube_audit_tracked_sources{\(target),origin=\"claimed\"}", constant(2)),
            ("kube_audit_retired_requests_total{\(target)}", constant(2)),
            ("kube_audit_filtered_requests_total{\(target),filter=\"probes\"}", constant(9)),
            ("kube_audit_log_readable{\(target),log=\"/audit.log\"}", constant(0)),
            ("kube_audit_unauthenticated_forbidden_requests_total{\(target),\(source)}", before + requests),
            ("kube_audit_source_first_seen_timestamp_seconds{\(target),\(source)}", before + created),
        ]
    }

    private static func expression(_ title: String, _ index: Int = 0) throws -> String {
        let panel = try #require(
            try Dashboard.all().flatMap(\.dashboard.shown).first { $0.title == title }, "no panel \(title)")
        return try panel.expressions[index].filled()
    }

    private static func expect(
        _ cases: [(minute: Int, expression: String, samples: [Sample])], on series: [Series]
    ) async throws {
        let test = try await PromtoolExpressions(series: series, cases: cases).run()
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
