import Foundation
import LocalStack
import TestSupport
import Testing

/// The example configuration for Alertmanager.
enum ExampleAlertmanager {
    static let configuration = Fixture.repository.appending(path: "alerts/alertmanager.yaml")
    static let templates = Fixture.repository.appending(path: "alerts/access-scanning.tmpl")

    /// The example with receivers on loopback, its secrets in a directory, and short intervals; otherwise unchanged.
    static func redirected(to posts: PostReceiver, _ mail: MailReceiver, secretsIn directory: URL) throws -> String {
        try Data(posts.url("/slack").utf8).write(to: directory.appending(path: "slack-webhook-url"))
        try Data("the key".utf8).write(to: directory.appending(path: "pagerduty-routing-key"))
        try Data("the password".utf8).write(to: directory.appending(path: "smtp-password"))
        var text = try String(contentsOf: configuration, encoding: .utf8)
        for (example, own) in [
            ("global:\n", "global:\n  pagerduty_url: \(posts.url("/pagerduty"))\n  smtp_require_tls: false\n"),
            ("smtp.example.com:587", "127.0.0.1:\(mail.port)"),
            ("/etc/alertmanager/secrets", directory.path),
            ("[access-scanning.tmpl]", "['\(templates.path)']"),
        ] {
            try #require(text.contains(example), "the example has no \(example)")
            text = text.replacingOccurrences(of: example, with: own)
        }
        return text.replacing(/group_wait: \w+/, with: "group_wait: 2s")
    }
}
