import Foundation
import LocalStack
import TestSupport
import Testing

/// From a log with all outcomes through promtool's blocks to the alerts of the past.
@Suite("Backfilled logs of all outcomes")
struct BackfilledOutcomesTests {
    @Test("raise the alert of each outcome, and no failing authentication for a scan", .timeLimit(.minutes(2)))
    func alerts() async throws {
        let start = (Int(Date().timeIntervalSince1970) / 3600 - 4) * 3600
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "audit.log")
            try Data(Self.log(from: start).utf8).write(to: log)
            try await BackfillTests.importing(log, in: directory, [])
            try await BackfillTests.evaluateRules(in: directory, from: start, to: start + 7200)
            try await BackfillTests.withPrometheus(in: directory) { prometheus in
                let query = "count by (alertname, severity, src_ip) (count_over_time(ALERTS[2h]) > 55)"
                let alerts = try await PrometheusClient(url: prometheus.url).query(query, at: start + 7200)
                let names = alerts.map { alert in
                    ["src_ip", "alertname", "severity"].map { alert.labels[$0] ?? "" }.joined(separator: " ")
                }
                #expect(
                    names.sorted() == [
                        "192.0.2.1 KubernetesAccessScanningUnauthorized warning",
                        "192.0.2.2 KubernetesAuthenticationFailures info",
                        "192.0.2.3 KubernetesAnonymousAccessAllowed warning",
                        "192.0.2.4 KubernetesAccessScanning warning",
                        "192.0.2.4 KubernetesAnonymousAccessAllowed critical",
                    ])
                try await expectPanels(of: PrometheusClient(url: prometheus.url), at: start + 1800)
            }
        }
    }

    /// Panels of the overview without data in the past, and the reason.
    private static let empty = [
        "Exporters": "no exporter ran", "Exporters up": "no exporter ran",
    ]

    /// Half an hour after the requests, when their alerts fire.
    private func expectPanels(of api: PrometheusClient, at time: Int) async throws {
        let overview = try #require(
            try Dashboard.all().map(\.dashboard).first { $0.uid == "kube-audit-access-scanning" })
        var empty: Set<String> = []
        for panel in overview.shown {
            var samples = 0
            for expression in panel.expressions {
                samples += try await api.query(try expression.filled(), at: time).count
            }
            if samples == 0 { empty.insert(panel.title) }
        }
        #expect(empty == Set(Self.empty.keys))
    }

    /// A scan that is answered 401, a client with an expired token, a request that was allowed, and a scan with one.
    private static func log(from start: Int) -> String {
        var text = ""
        func add(_ address: String, _ code: Int, paths: Int = 1, times: Int = 1) {
            for number in 0..<times {
                var line = AuditLine(from: [address], at: Date(timeIntervalSince1970: Double(start + 605 + number)))
                line.requestURI = "/api/v1/nodes/\(number % paths)"
                line.code = code
                if code == 401 { (line.username, line.groups, line.message) = ("", [], "Unauthorized") }
                text += line.text
            }
        }
        add("192.0.2.1", 401, paths: 7, times: 7)
        add("192.0.2.2", 401, times: 7)
        add("192.0.2.3", 200)
        add("192.0.2.4", 403, times: 6)
        add("192.0.2.4", 200)
        return text
    }
}
