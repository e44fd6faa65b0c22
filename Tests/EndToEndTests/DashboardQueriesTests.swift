import Foundation
import LocalStack
import TestSupport
import Testing

/// The dashboards' queries on a real Prometheus that has scraped the exporter and evaluated the rules.
@Suite("The dashboards", .stackForDashboards)
struct DashboardQueriesTests {
    /// Panels without data on the test stack, and the reason.
    private static let empty = [
        "kube-audit-exporter-health: Certificates": "no server of the stack uses TLS",
        "kube-audit-exporter-health: Certificate expiry": "no server of the stack uses TLS",
        "kube-audit-exporter-health: Alert history": "the exporter is healthy, so none of its alerts fires",
        "kube-audit-exporter-health: Alerts in the time range": "the exporter is healthy, so none of its alerts fires",
    ]

    /// Metrics that exist only with TLS.
    private static let missing: Set = [
        "kube_audit_tls_certificates_last_reload_successful", "kube_audit_tls_certificate_not_after_timestamp_seconds",
    ]

    @Test("have data for each query of each panel", .timeLimit(.minutes(3)))
    func data() async throws {
        let stack = try SharedStack.get()
        for dashboard in try Dashboard.all().map(\.dashboard) {
            for panel in dashboard.shown where Self.empty["\(dashboard.uid): \(panel.title)"] == nil {
                for expression in panel.expressions {
                    try await stack.eventually(
                        "data of panel \"\(panel.title)\" by \(expression.filled())", within: .seconds(20)
                    ) {
                        try await stack.api.query(try expression.filled(interval: 5))
                    } is: {
                        !$0.isEmpty
                    }
                }
            }
        }
    }

    @Test("have valid queries also in panels without data", .timeLimit(.minutes(1)))
    func emptyPanels() async throws {
        let stack = try SharedStack.get()
        var found: Set<String> = []
        for dashboard in try Dashboard.all().map(\.dashboard) {
            for panel in dashboard.shown {
                let name = "\(dashboard.uid): \(panel.title)"
                guard let reason = Self.empty[name] else { continue }
                found.insert(name)
                for expression in panel.expressions {
                    let samples = try await stack.api.query(try expression.filled())
                    #expect(samples.isEmpty, "\(name) has data, although \(reason)")
                }
            }
            for mark in dashboard.marks {
                _ = try await stack.api.query(try DashboardExpression(mark.expr ?? "").filled())
            }
        }
        #expect(found == Set(Self.empty.keys))
    }

    // A panel that shows 0 without data would hide a misspelled name.
    @Test("name only existing metrics", .timeLimit(.minutes(2)))
    func names() async throws {
        let stack = try SharedStack.get()
        let names = Set(
            try Dashboard.all().flatMap { $0.dashboard.shown }.flatMap(\.expressions).flatMap(\.selectors).map(\.metric)
        )
        #expect(names.isSuperset(of: Self.missing))
        for name in names.subtracting(Self.missing).sorted() {
            try await stack.eventually(name, within: .seconds(20)) {
                try await stack.api.query("count({__name__=\"\(name)\"})")
            } is: {
                !$0.isEmpty
            }
        }
    }

    // This Prometheus also scrapes itself, a target that is down, and Alertmanager under a job named like an exporter's.
    @Test("show exporters only, whatever else Prometheus scrapes", .timeLimit(.minutes(2)))
    func exportersOnly() async throws {
        let stack = try SharedStack.get()
        let exporter = try #require(stack.exporter.url.port.map { "127.0.0.1:\($0)" })
        try await stack.eventually("the targets to be known") {
            try await stack.api.query("up").map { "\($0.labels["job"] ?? "") \($0.value)" }.sorted()
        } is: {
            $0 == [
                "kube-audit-exporter 1.0", "\(StackConfiguration.exporterJob) 1.0", "node-exporter 0.0",
                "prometheus 1.0",
            ]
        }
        for dashboard in try Dashboard.all().map(\.dashboard) {
            for panel in dashboard.shown {
                for expression in panel.expressions {
                    let instances = Set(
                        try await stack.api.query(try expression.filled()).compactMap { $0.labels["instance"] })
                    #expect(instances.isSubset(of: [exporter]), "\(panel.title): \(instances)")
                    if panel.title == "Exporters up" {
                        #expect(try await stack.api.value(try expression.filled()) == 1)
                    }
                }
            }
            for (variable, expected) in [("job", StackConfiguration.exporterJob), ("instance", exporter)] {
                let query = try #require(dashboard.variables.first { $0.name == variable }?.query)
                let metric = try #require(query.firstMatch(of: /label_values\((.+), \w+\)/)?.1)
                let values = try await stack.api.values(
                    of: variable, in: try DashboardExpression(String(metric)).filled())
                #expect(values == [expected], "\(dashboard.title): \(variable)")
            }
        }
    }

    @Test("link each source to its page on an exporter", .timeLimit(.minutes(2)))
    func sourceLinks() async throws {
        let stack = try SharedStack.get()
        let overview = try #require(
            try Dashboard.all().map(\.dashboard).first { $0.uid == "kube-audit-access-scanning" })
        let tables = overview.shown.filter { !$0.links(of: "Source").isEmpty }
        #expect(
            tables.map(\.title) == [
                "Sources over the threshold now", "Sources by outcome in the last hour", "Top sources",
                "Newest sources", "Alerts in the time range",
            ])
        for panel in tables {
            let expression = try #require(panel.expressions.last).filled()
            let samples = try await stack.eventually("sources with an address, by \(expression)") {
                try await stack.api.query(expression)
            } is: {
                !$0.isEmpty
            }
            let sample = try #require(samples.first { $0.labels["src_ip"] != nil }, "\(panel.title)")
            let url = try #require(panel.links(of: "Source").first).url
                .replacing(/\$\{__data\.fields\.(\w+)\}/) { sample.labels[String($0.1)] ?? "" }
                .replacing("${__value.raw}", with: sample.labels["src_ip"] ?? "")
            let (source, origin) = (sample.labels["src_ip"] ?? "", sample.labels["origin"] ?? "")
            #expect(url == "\(stack.exporter.url)/sources/\(source)?origin=\(origin)", "\(panel.title)")
            #expect(try await HTTPClient.get(try #require(URL(string: url))).status == 200, "\(url)")
        }
    }

    @Test("add up to the requests of the log: over the threshold, by country, and over time", .timeLimit(.minutes(2)))
    func values() async throws {
        let stack = try SharedStack.get()
        let overview = try #require(
            try Dashboard.all().map(\.dashboard).first { $0.uid == "kube-audit-access-scanning" })
        func expression(_ title: String, _ index: Int = 0) throws -> String {
            let panel = try #require(overview.shown.first { $0.title == title }, "no panel \(title)")
            return try panel.expressions[index].filled(interval: 3600)
        }
        let requests = Double(RecordedLog.requests)
        for (what, expression) in [
            ("the last hour", try expression("Requests in the last hour")),
            ("the map", "sum by (origin) (\(try expression("Map of countries")))"),
            ("the countries", "sum(\(try expression("Countries")))"),
            ("all over time", try expression("Requests by origin")),
        ] {
            try await stack.eventually("\(requests) requests: \(what), by \(expression)") {
                try await stack.api.query(expression)
            } is: {
                $0.contains { $0.value == requests }
            }
        }
        let table = try expression("Sources over the threshold now")
        try await stack.eventually("the sources over the threshold, by \(table)") {
            Set(try await stack.api.query(table).compactMap { $0.labels["src_ip"] })
        } is: {
            $0 == Set(RecordedLog.alerts.map(\.source))
        }
    }
}
