import Foundation
import LocalStack
import TestSupport
import Testing

/// The path from Prometheus through Alertmanager with the example configuration to the receivers.
@Suite("A notification by the example configuration")
struct NotificationTests {
    @Test(
        "is one for all claimed sources, and one for the verified source, which alone pages someone",
        .timeLimit(.minutes(1)))
    func groups() async throws {
        let posts = try PostReceiver()
        let mail = try MailReceiver()
        defer {
            posts.stop()
            mail.stop()
        }
        try await withTemporaryDirectory { secrets in
            // A full budget would cause one more notification.
            let configuration = StackConfiguration(
                exporterArguments: ["--source.claimed-limit", "2000"],
                alertmanager: try ExampleAlertmanager.redirected(to: posts, mail, secretsIn: secrets))
            try await LocalStack.run(configuration) { stack in
                let claimed = (0..<1000).map { "198.18.\($0 / 250).\($0 % 250)" }
                let line = { AuditLine(from: claimed + ["192.0.2.6"]).text }
                try stack.log.append((0..<6).map { _ in line() }.joined())

                // All 1,001 alerts are in these four, so nothing is left for another one.
                try await stack.eventually("two messages, a page and a mail") {
                    [try posts.slack().count, try posts.pages().count, mail.mails.count]
                } is: {
                    $0 == [2, 1, 1]
                }
                try Self.expectMessages(posts.slack(), claimed: claimed)
                try Self.expectPage(#require(posts.pages().first))
                try Self.expectMail(#require(mail.mails.first))
                try await Self.expectLinks(posts.slack())

                let sent = try await HTTPClient.get(stack.alertmanager.url.appending(path: "/metrics")).body
                let counts = String(decoding: sent, as: UTF8.self).split(separator: "\n")
                    .filter { $0.hasPrefix("alertmanager_notifications_total{") && !$0.hasSuffix(" 0") }
                #expect(counts.count == 3)
                #expect(counts.contains(#"alertmanager_notifications_total{integration="slack"} 2"#), "\(counts)")
            }
        }
    }

    private static func expectMessages(_ messages: [SlackMessage], claimed: [String]) throws {
        #expect(messages.allSatisfy { $0.channel == "#CHANGE-ME-security" && $0.attachments.count == 1 })
        let attachments = messages.compactMap(\.attachments.first)
        let ofClaimed = try #require(
            attachments.first { $0.title == "Kubernetes scanning from 1000 claimed addresses" }, "\(attachments)")
        // A list of that length is truncated, and reports it.
        #expect(claimed.count { ofClaimed.text.contains("• `\($0)`") } == 20, "\(ofClaimed.text)")
        #expect(ofClaimed.text.contains("20 of 1000 are shown."), "\(ofClaimed.text)")
        #expect(!ofClaimed.text.contains("192.0.2.6"))
        let ofVerified = try #require(
            attachments.first { $0.title == "Kubernetes scanning from ip 192.0.2.6" }, "\(attachments)")
        #expect(
            ofVerified.text.contains("• `192.0.2.6` Berlin, Germany – 6 requests · <http://127.0.0.1:"),
            "\(ofVerified.text)")
        #expect(ofVerified.text.contains("/sources/192.0.2.6|Details>\n"), "\(ofVerified.text)")
        let linked = claimed.count { ofClaimed.text.contains("/sources/\($0)?origin=claimed|Details>\n") }
        #expect(linked == 20, "\(ofClaimed.text)")
        #expect(ofVerified.text.contains("/alerts/runbooks/KubernetesAccessScanning.md|Runbook>"))
        #expect(ofVerified.color == "warning")
    }

    /// The links to Prometheus and Alertmanager lead to pages, also with Debian's packages: its Prometheus redirects from
    /// /graph to /classic/graph, and its Alertmanager has one page, which names amtool.
    private static func expectLinks(_ messages: [SlackMessage]) async throws {
        for text in messages.flatMap(\.attachments).map(\.text) {
            let links = try text.matches(of: /<(http[^>|]+)\|(\w+)>/).map { match in
                (match.2, try #require(URL(string: "\(match.1)")))
            }
            for (_, page) in links where page.path().contains("/sources/") {
                #expect(try await HTTPClient.get(page).status == 200, "\(page)")
            }
            try #require(links.map(\.0).suffix(3) == ["Runbook", "Prometheus", "Silence"], "\(text)")
            let (graph, silence) = (links[links.count - 2].1, links[links.count - 1].1)
            let page = try await HTTPClient.get(graph)
            #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("Prometheus"), "\(graph)")
            #expect(page.url.query() == graph.query() && graph.query()?.hasPrefix("g0.expr=") == true, "\(graph)")
            let silences = try await HTTPClient.get(silence)
            #expect(silences.status == 200, "\(silence)")
            #expect(String(decoding: silences.body, as: UTF8.self).contains("Alertmanager"), "\(silence)")
        }
    }

    private static func expectPage(_ page: PagerDutyEvent) {
        #expect(page.routing_key == "the key")
        #expect(page.event_action == "trigger")
        #expect(page.payload.summary == "Kubernetes scanning from ip 192.0.2.6")
        #expect(page.payload.severity == "warning")
        let sources = page.payload.custom_details["sources"] ?? ""
        #expect(sources.hasPrefix("192.0.2.6 (Berlin, Germany): 6 requests\n  http://127.0.0.1:"), "\(sources)")
        #expect(sources.hasSuffix("/sources/192.0.2.6"), "\(sources)")
        #expect(page.payload.custom_details["silence"]?.contains("src_ip%3D%22192.0.2.6%22") == true)
    }

    private static func expectMail(_ mail: String) {
        #expect(mail.contains("Subject: Kubernetes scanning from ip 192.0.2.6\n"), "\(mail)")
        #expect(mail.contains("To: CHANGE-ME-security@example.com\n"), "\(mail)")
        // Quoted-printable: a long line continues after "=", and "=" itself is "=3D".
        let text = mail.replacingOccurrences(of: "=\n", with: "").replacingOccurrences(of: "=3D", with: "=")
        #expect(text.contains("/sources/192.0.2.6\">192.0.2.6</a></td>"), "\(text)")
        #expect(text.contains(">Berlin</td>"), "\(text)")
    }
}
