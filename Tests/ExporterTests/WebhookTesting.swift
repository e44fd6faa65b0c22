import AccessScanning
import AuditSources
import Exposition
import HTTPServing
import TestSupport

@testable import Exporter

/// A webhook input on a free port that delivers to a handler until it is released.
final class RunningWebhook: Sendable {
    let input: WebhookInput
    let log = RecordedLog()
    private let task: Task<Void, any Error>?

    /// - Parameter deliver: Takes the batches; without it the input has not been run yet.
    init(_ deliver: BatchHandler?, maxBodySize: String = "32MiB") async throws {
        let options = ServeOptions(webhookListenAddress: "127.0.0.1:0", webhookMaxBodySize: maxBodySize)
        guard let configuration = try WebhookConfiguration(options) else {
            throw ConfigurationError(flag: "--webhook.listen-address", reason: "was not taken")
        }
        let input = try WebhookInput(configuration, selecting: [.unauthenticatedForbidden], logger: log.logger)
        self.input = input
        task = deliver.map { deliver in Task { try await input.run(deliver) } }
        guard deliver != nil else { return }
        try await eventually("the input to run") { input.isRunning }
    }

    deinit { task?.cancel() }

    var address: ListenAddress { input.address }

    /// The number of responses by code, as exposed: `{code="200"} 1`; of codes other than 200, those that occurred.
    var answers: [String] { allAnswers.filter { !$0.hasSuffix(" 0") || $0 == #"{code="200"} 0"# } }

    /// The number of responses by every exposed code.
    var allAnswers: [String] {
        String(decoding: ExpositionFormat.text.render(input.families), as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map { String($0.trimmingPrefix("kube_audit_webhook_requests_total")) }
    }
}

/// The bytes of a request in the form of the API server.
func webhookPost(_ body: [UInt8], to path: String = "/audit", headers: String = "") -> [UInt8] {
    Array(
        """
        POST \(path) HTTP/1.1\r
        Host: exporter\r
        User-Agent: kube-apiserver/v1.20.2\r
        Content-Length: \(body.count)\r
        Content-Type: application/json\r
        \(headers)Accept-Encoding: gzip\r
        \r

        """.utf8) + body
}
