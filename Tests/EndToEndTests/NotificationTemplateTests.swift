import Foundation
import LocalStack
import TestSupport
import Testing

/// The templates as rendered by amtool.
@Suite("The templates of notifications")
struct NotificationTemplateTests {
    private static let hostile = #"<script>alert(1)</script><!channel>" onload=x & \#n Bcc: a@example.com"#

    @Test("keep any value of a label as text", .timeLimit(.minutes(1)))
    func escaping() async throws {
        let data = NotificationData(
            of: [Self.hostile],
            labels: ["origin": "verified", "severity": "warning", "cluster": Self.hostile, "country": Self.hostile])
        let html = try await Self.render("mail.html", data, as: "html")
        #expect(!html.contains("<script") && !html.contains("<!channel"), "\(html)")
        #expect(html.contains("&lt;script&gt;"), "\(html)")

        let slack = try await Self.render("slack.text", data)
        #expect(!slack.contains("<script") && !slack.contains("<!channel"), "\(slack)")
        #expect(slack.contains("&lt;!channel&gt;"), "\(slack)")

        let title = try await Self.render("title", data)
        #expect(!title.contains { $0.isNewline || $0 == "<" || $0 == ">" }, "\(title)")
    }

    @Test("truncate a long list and report that", .timeLimit(.minutes(1)))
    func longList() async throws {
        let data = NotificationData(
            of: (1...25).map { "198.51.100.\($0)" },
            labels: ["origin": "claimed", "severity": "info", "cluster": "north"])
        #expect(
            try await Self.render("title", data) == "Kubernetes scanning from 25 claimed addresses, cluster north")
        let slack = try await Self.render("slack.text", data)
        #expect(slack.split(separator: "\n").count { $0.hasPrefix("• ") } == 20, "\(slack)")
        #expect(slack.contains("20 of 25 are shown."), "\(slack)")
        let html = try await Self.render("mail.html", data, as: "html")
        #expect(html.components(separatedBy: ">198.51.100.").count == 21, "\(html)")
        #expect(html.contains("20 of 25 are shown"), "\(html)")
    }

    @Test("use the threshold and the window of the rules", .timeLimit(.minutes(1)))
    func threshold() async throws {
        var data = NotificationData(of: ["192.0.2.6"], labels: ["origin": "verified", "severity": "warning"])
        data.commonAnnotations["threshold"] = "10"
        data.commonAnnotations["window"] = "last 30 minutes"
        #expect(
            try await Self.render("what", data)
                == "7 requests to the Kubernetes API server without credentials from this address were refused in the "
                + "last 30 minutes. The threshold is 10.")
        data = NotificationData(
            of: ["192.0.2.6", "192.0.2.7"], labels: ["origin": "verified", "severity": "warning"])
        data.commonAnnotations["threshold"] = "10"
        #expect(
            try await Self.render("what", data)
                == "Requests to the Kubernetes API server without credentials were refused, more than 10 from each of "
                + "these addresses in the last hour.")
    }

    @Test(
        "start with the count and the threshold, and end with the analytic's labels, each once",
        .timeLimit(.minutes(1)),
        arguments: [("slack.text", "text"), ("mail.text", "text"), ("mail.html", "html")])
    func order(name: String, type: String) async throws {
        let data = NotificationData(
            of: ["192.0.2.6"],
            labels: [
                "origin": "verified", "severity": "warning", "risk_score": "49", "impact": "70", "confidence": "70",
                "mitre_attack_id": "T1046", "mitre_attack_tactic": "Discovery", "kill_chain_phase": "Exploitation",
                "nist": "DE.AE", "cis": "CIS 13", "analytic_story": "Kubernetes Security", "detection_id": "f5edd22d",
            ])
        let text = try await Self.render(name, data, as: type)
        let parts = [
            "7 requests to the Kubernetes API server without credentials from this address were refused in the "
                + "last hour. The threshold is 5.",
            "Identify its owner", "silences/new",
            "Kubernetes Security · MITRE T1046 Discovery · kill chain Exploitation",
            "NIST DE.AE · CIS 13 · risk score 49 · impact 70 · confidence 70 · detection f5edd22d",
        ]
        var rest = text[...]
        for part in parts {
            let place = try #require(rest.range(of: part), "no \(part) in its place: \(text)")
            rest = rest[place.upperBound...]
        }
        for once in ["T1046", "score 49", "f5edd22d"] {
            #expect(text.components(separatedBy: once).count == 2, "\(once): \(text)")
        }
    }

    @Test("link to a source's page on each exporter that has it", .timeLimit(.minutes(1)))
    func links() async throws {
        var data = NotificationData(
            of: ["192.0.2.6", "2001:db8::7", "192.0.2.8", "192.0.2.9"],
            labels: ["origin": "verified", "severity": "warning"])
        let pages = ["https://audit.example.com/a&b/sources/192.0.2.6", "http://cp-2:10403/sources/192.0.2.6"]
        data.alerts[0].annotations["source_url"] = pages.joined(separator: " ")
        data.alerts[1].annotations["source_url"] = "http://cp-2:10403/sources/2001:db8::7"
        data.alerts[2].annotations["source_url"] = ""
        #expect(
            try await Self.render("slack.text", data).split(separator: "\n").filter { $0.hasPrefix("•") } == [
                "• `192.0.2.6` – 7 requests · <https://audit.example.com/a&amp;b/sources/192.0.2.6|Exporter 1>, "
                    + "<http://cp-2:10403/sources/192.0.2.6|Exporter 2>",
                "• `2001:db8::7` – 7 requests · <http://cp-2:10403/sources/2001:db8::7|Details>",
                "• `192.0.2.8` – 7 requests", "• `192.0.2.9` – 7 requests",
            ])
        #expect(
            try await Self.render("list", data) == """
                192.0.2.6: 7 requests
                  \(pages[0])
                  \(pages[1])
                2001:db8::7: 7 requests
                  http://cp-2:10403/sources/2001:db8::7
                192.0.2.8: 7 requests
                192.0.2.9: 7 requests
                """)
        let html = try await Self.render("mail.html", data, as: "html")
        for part in [
            #"href="https://audit.example.com/a&amp;b/sources/192.0.2.6">exporter 1</a>"#,
            #"href="http://cp-2:10403/sources/192.0.2.6">exporter 2</a></td>"#,
            #"href="http://cp-2:10403/sources/2001:db8::7">2001:db8::7</a></td>"#, ">192.0.2.8</td>", ">192.0.2.9</td>",
        ] {
            #expect(html.contains(part), "no \(part): \(html)")
        }
    }

    @Test("name a network and its requests", .timeLimit(.minutes(1)))
    func network() async throws {
        var data = NotificationData(
            of: ["192.0.2.0/24"], labels: ["alertname": "KubernetesAccessScanningNetwork", "severity": "warning"])
        data.alerts[0].labels["src_ip"] = nil
        data.alerts[0].labels["network"] = "192.0.2.0/24"
        data.alerts[0].annotations["summary"] = "Kubernetes scanning from network 192.0.2.0/24"
        #expect(try await Self.render("title", data) == "Kubernetes scanning from network 192.0.2.0/24")
        #expect(
            try await Self.render("list", data) == "Kubernetes scanning from network 192.0.2.0/24: 7 requests")
        #expect(try await Self.render("slack.text", data).hasPrefix("Of 192.0.2.0/24. The threshold is 5."))
    }

    @Test("show a source's total risk, not that of one scan", .timeLimit(.minutes(1)))
    func risk() async throws {
        var data = NotificationData(
            of: ["192.0.2.6"],
            labels: ["alertname": "KubernetesAccessScanningRisk", "severity": "warning", "risk_score": "49"])
        data.commonAnnotations["risk"] = "147"
        data.alerts[0].annotations["risk"] = "147"
        data.alerts[0].annotations["requests"] = nil
        #expect(try await Self.render("list", data) == "192.0.2.6: risk 147")
        let html = try await Self.render("mail.html", data, as: "html")
        #expect(html.contains("risk 147") && !html.contains("risk 49"), "\(html)")
    }

    @Test("distinguish resolved from firing alerts", .timeLimit(.minutes(1)))
    func resolved() async throws {
        let data = NotificationData(
            of: ["192.0.2.6"], labels: ["origin": "verified", "severity": "warning"], status: "resolved")
        #expect(try await Self.render("title", data) == "Resolved: Kubernetes scanning from ip 192.0.2.6")
        #expect(try await Self.render("slack.color", data) == "good")
        #expect(
            try await Self.render("what", data)
                == "At most 5 requests remain in the last hour. This does not identify the client.")
    }

    @Test(
        "tell for each outcome what happened to which requests, and what to do first", .timeLimit(.minutes(1)),
        arguments: [
            Sentence(
                "KubernetesAccessScanningUnauthorized", sources: 1,
                "7 requests to the Kubernetes API server from this address were not authenticated (401) in the last "
                    + "hour. The threshold is 5.", "1. Search the audit log"),
            Sentence(
                "KubernetesAccessScanningUnauthorized", sources: 2,
                "Requests to the Kubernetes API server were not authenticated (401), more than 5 from each of these "
                    + "addresses in the last hour.", "1. Search the audit log"),
            Sentence(
                "KubernetesAuthenticationFailures", sources: 1,
                "7 requests to the Kubernetes API server with invalid or unknown credentials from this address were "
                    + "not authenticated (401) in the last hour. The threshold is 5.", "1. Identify the client"),
            Sentence(
                "KubernetesAnonymousAccessAllowed", sources: 1, severity: "critical", requests: "1",
                "1 request to the Kubernetes API server without credentials from this address was allowed in the last "
                    + "hour. The same address made more requests than the threshold that were refused or not "
                    + "authenticated.", "1. Find out what was answered"),
            Sentence(
                "KubernetesAnonymousAccessAllowed", sources: 2,
                "Requests to the Kubernetes API server without credentials were allowed, at least one from each of "
                    + "these addresses in the last hour.", "1. Find out what was answered"),
            Sentence(
                "KubernetesAnonymousAccessAllowed", sources: 1, origin: "claimed", requests: "1",
                "1 request to the Kubernetes API server without credentials was allowed in the last hour that names "
                    + "this address in a header, which anyone can write.", "The last entry of sourceIPs"),
        ])
    func outcomes(_ sentence: Sentence) async throws {
        var data = NotificationData(
            of: (1...sentence.sources).map { "192.0.2.\($0)" },
            labels: ["alertname": sentence.alert, "origin": sentence.origin, "severity": sentence.severity])
        let isAllowed = sentence.alert == "KubernetesAnonymousAccessAllowed"
        data.commonAnnotations["threshold"] = isAllowed ? "0" : "5"
        data.alerts[0].annotations["requests"] = sentence.requests
        #expect(try await Self.render("what", data) == sentence.what)
        #expect(try await Self.render("first", data).hasPrefix(sentence.first))
        let slack = try await Self.render("slack.text", data)
        #expect(slack.hasPrefix(sentence.what), "\(slack)")
        let requests = sentence.requests == "1" ? "1 request" : "7 requests"
        #expect(slack.contains("• `192.0.2.1` – \(requests)\n"), "\(slack)")
        let html = try await Self.render("mail.html", data, as: "html")
        #expect(html.contains(sentence.what) && html.contains(">192.0.2.1</td>"), "\(html)")
    }

    struct Sentence: Sendable, CustomTestStringConvertible {
        var alert: String
        var sources: Int
        var origin: String
        var severity: String
        var requests: String
        var what: String
        var first: String

        init(
            _ alert: String, sources: Int, origin: String = "verified", severity: String = "warning",
            requests: String = "7", _ what: String, _ first: String
        ) {
            (self.alert, self.sources, self.origin, self.severity) = (alert, sources, origin, severity)
            (self.requests, self.what, self.first) = (requests, what, first)
        }

        var testDescription: String { "\(alert) of \(sources), \(origin), \(severity)" }
    }

    @Test("name an outcome in the title of several sources", .timeLimit(.minutes(1)))
    func titles() async throws {
        for (alert, title) in [
            ("KubernetesAccessScanningUnauthorized", "Kubernetes scanning (401) from 2 addresses"),
            ("KubernetesAuthenticationFailures", "Failing authentication from 2 addresses"),
            ("KubernetesAnonymousAccessAllowed", "Anonymous access allowed from 2 addresses"),
        ] {
            let data = NotificationData(of: ["192.0.2.6", "192.0.2.7"], labels: ["alertname": alert])
            #expect(try await Self.render("title", data) == title)
        }
    }

    @Test("use the alert's description for the exporter's health", .timeLimit(.minutes(1)))
    func health() async throws {
        var data = NotificationData(of: ["one"], labels: ["alertname": "KubeAuditExporterDown", "severity": "warning"])
        data.alerts[0].annotations["description"] = "See whether the process runs."
        #expect(try await Self.render("slack.text", data).hasPrefix("See whether the process runs.\n<https://"))
        #expect(try await Self.render("mail.html", data, as: "html").contains(">See whether the process runs.</p>"))
    }

    private static func render(_ name: String, _ data: NotificationData, as type: String = "text") async throws
        -> String
    {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "data.json")
            try JSONEncoder().encode(data).write(to: file)
            let render = try await Program.amtool.run([
                "template", "render", "--template.glob=\(ExampleAlertmanager.templates.path)",
                "--template.text={{ template \"access-scanning.\(name)\" . }}", "--template.type=\(type)",
                "--template.data=\(file.path)",
            ])
            try #require(render.exit == .status(0), "\(render.output)")
            return render.output.trimmingCharacters(in: .newlines)
        }
    }
}
