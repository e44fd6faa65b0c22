import Foundation
import LocalStack
import TestSupport
import Testing

/// The routes of docs/routing.md, inserted into the example configuration as the page says.
@Suite("An example of routing by the scope of a source")
struct RoutingExampleTests {
    private static func examples() throws -> [String] {
        try Documentation.examples(in: "docs/routing.md", language: "yaml", section: "Alertmanager")
    }

    /// - Parameter example: Is inserted before the route of verified sources.
    private static func expect(_ labels: String, to receiver: String, with example: String) async throws {
        let configuration = try String(contentsOf: ExampleAlertmanager.configuration, encoding: .utf8)
        let marker = "    # Verified sources"
        #expect(configuration.components(separatedBy: marker).count == 2)
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "alertmanager.yaml")
            try configuration.replacingOccurrences(of: marker, with: example + marker)
                .write(to: file, atomically: true, encoding: .utf8)
            let test = try await Program.amtool.run(
                ["config", "routes", "test", "--config.file=\(file.path)", "--verify.receivers=\(receiver)"]
                    + labels.split(separator: " ").map(String.init))
            #expect(test.exit == .status(0), "\(labels): \(test.output)\n\(example)")
        }
    }

    @Test("mails the scans that it names, pages for others, and changes nothing else", .timeLimit(.minutes(2)))
    func routes() async throws {
        let examples = try Self.examples()
        try #require(examples.count == 3)
        let scan = "alertname=KubernetesAccessScanning severity=warning risk_score=49"
        let mailed = ["source_scope=public", "source_scope=private", "source_scope=public country=France"]
        let paged = ["source_scope=private", "source_scope=public", "source_scope=public country=Spain"]
        for (index, example) in examples.enumerated() {
            try await Self.expect("\(scan) \(mailed[index])", to: "security-mail", with: example)
            try await Self.expect("\(scan) \(paged[index])", to: "security-pager", with: example)
            try await Self.expect("\(scan) source_scope=unknown", to: "security-pager", with: example)
            let allowed = "alertname=KubernetesAnonymousAccessAllowed severity=warning \(mailed[index])"
            try await Self.expect(allowed, to: "security-pager", with: example)
            let claimed = "alertname=KubernetesAccessScanning severity=info origin=claimed \(mailed[index])"
            try await Self.expect(claimed, to: "security-chat", with: example)
        }
    }
}
