import AuditEvents
import AuditSources
import Exposition
import HTTPServing
import Logging
import ServiceLifecycle
import Synchronization

/// The audit webhook as an input. It listens from the beginning, so that an address that cannot be used is reported at
/// the start, and delivers while it runs.
struct WebhookInput: AuditInput {
    let kind = InputKind.webhook

    /// How long a stop waits for batches that are being written. The API server sends the others to the next exporter.
    private static let patience: Duration = .seconds(2)

    private let server: HTTPServer
    private let requests = WebhookRequests()
    private let handler = WebhookHandler()
    private let log: WebhookLog

    /// - Throws: `ConfigurationError` if it cannot listen.
    init(
        _ configuration: WebhookConfiguration, selecting selectors: [EventSelector], logger: Logger
    ) throws(ConfigurationError) {
        let log = WebhookLog(logger: logger)
        self.log = log
        let receiver = WebhookReceiver(selecting: selectors, handler: handler, log: log)
        server = try ConfigurationError.naming("--webhook.listen-address") { [requests] () throws(HTTPServerError) in
            try HTTPServer(
                listenOn: configuration.address, routes: receiver.routes, limits: configuration.limits,
                tls: configuration.web?.content.tls, policy: configuration.web?.content.policy ?? WebPolicy(),
                onResponse: { status in
                    requests.count(status)
                    // The server refuses it before the receiver sees it.
                    if status == 413 { log.note(refused: "the body is longer than --webhook.max-body-size") }
                })
        }
        logger.info(
            "Listening for the audit webhook",
            metadata: ["address": "\(server.address)", "tls": "\(configuration.web?.content.tls != nil)"])
    }

    var address: ListenAddress { server.address }

    /// Whether batches are delivered; before that they are refused.
    var isRunning: Bool { handler.isInUse }

    /// The number of responses, by code.
    var families: [MetricFamily] { [requests.family] }

    func run(_ deliver: @escaping BatchHandler) async throws {
        handler.use(deliver)
        // Also returns when the task is cancelled.
        try? await gracefulShutdown()
        await server.shutDown(patience: Self.patience)
        log.flush()
    }
}

/// Takes the webhook's batches once the input runs.
final class WebhookHandler: Sendable {
    /// A function that is the value of a `Mutex` itself is wrapped into another one at each access, and the wrappers are
    /// kept. In a struct it stays as it is.
    private struct Delivery: Sendable {
        let handler: BatchHandler
    }

    private let delivery = Mutex<Delivery?>(nil)

    func use(_ deliver: @escaping BatchHandler) {
        delivery.withLock { $0 = Delivery(handler: deliver) }
    }

    var isInUse: Bool { delivery.withLock { $0 != nil } }

    /// Returns when the batch is written, or cannot be.
    func take(_ batch: InputBatch) async -> Acknowledgement {
        guard let delivery = delivery.withLock({ $0 }) else {
            return .unavailable(reason: "the exporter has just started, and accepts batches within a minute")
        }
        do {
            return try await delivery.handler(batch)
        } catch {
            return .unavailable(reason: "\(error)")
        }
    }
}

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
