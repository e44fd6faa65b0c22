import Foundation
import LocalStack
import TestSupport
import Testing

/// `make demo` as a user sees it, with the scans written in five seconds.
@Suite("The demo")
struct DemoTests {
    private static let otherAlerts = RecordedLog.otherAlerts.union(RecordedLog.alertsOfOtherOutcomes)

    @Test(
        "prints links that lead somewhere, each alert with its count and threshold first, and equal labels once at the end",
        .timeLimit(.minutes(2)))
    func output() async throws {
        try await withTemporaryDirectory { directory in
            let demo = try await RunningProgram(
                URL(filePath: "/usr/bin/env"), ["DEMO_REPLAY_SECONDS=5", Program.demo.locate().path], name: "demo",
                in: directory)
            do {
                let introduction = try await eventually("the introduction", within: .seconds(30)) {
                    demo.logText
                } is: {
                    $0.contains("Stop with")
                }
                try await Self.expectPages(introduction)
                try Self.expectFiles(introduction)
                try await eventually("an alert for each source", within: .seconds(60)) {
                    Self.alerts(in: demo.logText).count
                } is: {
                    $0 == RecordedLog.alerts.count + Self.otherAlerts.count
                }
                try await Self.expectAlertmanagersAlerts(introduction)
                try await Self.expectSourcePages(demo.logText)
            } catch {
                await demo.stop()
                Issue.record("\(demo.logTail(60))")
                throw error
            }
            demo.send(signal: SIGINT)
            #expect(await demo.untilExit() == .status(0), "\(demo.logText)")
            Self.expectAlerts(demo.logText)
        }
    }

    /// The links of the introduction, in order.
    private static func links(in introduction: String) -> [URL] {
        introduction.matches(of: /(?m)^ {2}\w[\w ]* +(http:\/\/\S+)/).compactMap { URL(string: String($0.1)) }
    }

    private static func expectPages(_ introduction: String) async throws {
        // Prometheus' page names the alerts in Debian's version; upstream's shows them by a script.
        let contents = ["kube-audit-exporter", "kube_audit_exporter_build_info", "Sources", "Prometheus", ""]
        let links = links(in: introduction)
        try #require(links.count == contents.count, "\(introduction)")
        for (link, content) in zip(links, contents) {
            let page = try await HTTPClient.get(link)
            #expect(page.status == 200, "\(link)")
            #expect(content.isEmpty || String(decoding: page.body, as: UTF8.self).contains(content), "\(link)")
            #expect(!String(decoding: page.body, as: UTF8.self).contains("does not include a web"), "\(link)")
        }
    }

    private static func expectAlertmanagersAlerts(_ introduction: String) async throws {
        let link = try #require(links(in: introduction).last)
        guard link.fragment() == nil else { return }
        let alerts = String(decoding: try await HTTPClient.get(link).body, as: UTF8.self)
        #expect(alerts.contains("KubernetesAccessScanning"), "\(link): \(alerts.prefix(500))")
        let command = try #require(introduction.firstMatch(of: /amtool (--alertmanager\.url=\S+) alert query\)/))
        let list = try await Program.amtool.run([String(command.1), "alert", "query"])
        #expect(list.exit == .status(0) && list.output.contains("KubernetesAccessScanning"), "\(list.output)")
    }

    /// Each alert has a link to the page of its source, which shows its requests.
    private static func expectSourcePages(_ output: String) async throws {
        let links = output.matches(of: /(?m)^ +what it did: (http:\/\/\S+\/sources\/(\S+?)(?:\?origin=claimed)?)$/)
        #expect(links.count == RecordedLog.alerts.count + otherAlerts.count, "\(output)")
        for link in links {
            let page = try await HTTPClient.get(try #require(URL(string: "\(link.1)")))
            let text = String(decoding: page.body, as: UTF8.self)
            #expect(page.status == 200 && text.contains("<h1>\(link.2)</h1>"), "\(link.1): \(text)")
            // Its clients, and their paths. A request that was not authenticated has no user.
            let hasUser = !["127.0.0.31", "127.0.0.75"].contains(link.2)
            #expect(!hasUser || text.contains("system:anonymous"), "\(link.1): \(text)")
            #expect(text.contains(">/"), "\(link.1): \(text)")
        }
    }

    private static func expectFiles(_ introduction: String) throws {
        let files = introduction.matches(of: /\b(?:alerts|dashboards)\/[\w.\/-]*/).map { String($0.output) }
        #expect(files.count >= 7, "\(introduction)")
        for file in files {
            let path = Fixture.repository.appending(path: file).path
            #expect(FileManager.default.fileExists(atPath: path), "\(path)")
        }
    }

    /// The first and the second line of each alert.
    private static func alerts(in output: String) -> [(title: Substring, description: Substring)] {
        output.matches(of: /(?m)^\[ *[\d.]+ s\] +(.*)\n +(.*)$/).map { ($0.1, $0.2) }
    }

    private static func expectAlerts(_ output: String) {
        for (title, description) in alerts(in: output) {
            let form =
                /^(?:Kubernetes scanning|Failing authentication|Anonymous access allowed) from ip [\d.]+(?:, answered 401)?: (\d+) requests? in the last hour(?: \(threshold 5\))?$/
            let count = title.firstMatch(of: form)?.1
            #expect(count != nil && description.hasPrefix("\(count ?? "") request"), "\(title) \(description)")
        }
        for label in ["risk_score=\"49\"", "analytic_story=", "detection_id="] {
            #expect(output.components(separatedBy: label).count == 2, "\(label) in \(output)")
        }
        let end = output.components(separatedBy: "Alerts for 11 of the 11 sources").last ?? ""
        #expect(end.contains("risk_score=\"49\""), "\(output)")
        let others = end.matches(of: /other    (\w+): .* ip ([\d.]+)/).map { "\($0.1) \($0.2)" }
        #expect(Set(others) == Set(otherAlerts.map { "\($0.alert) \($0.source)" }), "\(output)")
        #expect(end.contains("All programs are stopped"), "\(output)")
    }
}
