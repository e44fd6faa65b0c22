import Exposition
import Synchronization

/// The number of webhook requests by the status code of the answer. The server chooses the codes, so there are few.
final class WebhookRequests: Sendable {
    static let metric = Metric(
        "kube_audit_webhook_requests_total", .counter, "Requests to the webhook receiver, by the status of the answer.",
        labels: ["code"], condition: "with `--webhook.listen-address`")

    // 200 is shown from the start, since a rate needs a zero to begin with.
    private let counts = Mutex<[Int: UInt64]>([200: 0])

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
