import Exposition
import Synchronization

/// The number of webhook requests by the status code of the answer. The server chooses the codes, so there are few.
final class WebhookRequests: Sendable {
    static let metric = Metric(
        "kube_audit_webhook_requests_total", .counter, "Requests to the webhook receiver, by the status of the answer.",
        labels: ["code"], condition: "with `--webhook.listen-address`")

    // These codes are exposed from the start, since rules need a zero to see an increase: success, and every refusal
    // that a repeated body meets again.
    private let counts = Mutex<[Int: UInt64]>([200: 0, 400: 0, 411: 0, 413: 0, 415: 0])

    func count(_ code: Int) {
        counts.withLock { $0[code, default: 0] += 1 }
    }

    var family: MetricFamily {
        MetricFamily(
            Self.metric,
            counts.withLock { $0 }.sorted { $0.key < $1.key }.map { code, count in
                Self.metric.sample(.integer(count), "\(code)")
            })
    }
}
