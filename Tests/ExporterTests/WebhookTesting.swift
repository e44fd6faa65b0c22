import Exposition
import Logging

@testable import Exporter

extension WebhookService {
    /// A receiver on a free port.
    static func forTests(_ sink: any WebhookSink, maxBodySize: String = "32MiB") throws -> WebhookService {
        let options = ServeOptions(webhookListenAddress: "127.0.0.1:0", webhookMaxBodySize: maxBodySize)
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        guard let configuration = try WebhookConfiguration(options) else {
            throw ConfigurationError(flag: "--webhook.listen-address", reason: "was not taken")
        }
        return try WebhookService(configuration, sink: sink, logger: logger)
    }

    /// The number of responses by code, as exposed: `{code="200"} 1`.
    var answers: [String] {
        String(decoding: ExpositionFormat.text.render(families), as: UTF8.self).split(separator: "\n")
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
