import Exposition
import HTTPServing
import Logging
import ServiceLifecycle

/// Receives the audit webhook until the exporter stops.
struct WebhookService: Service {
    /// What is in hand is to be committed and answered; the rest comes again to the next exporter.
    private static let patience: Duration = .seconds(2)

    private let server: HTTPServer
    private let requests: WebhookRequests

    /// Listens from now on.
    ///
    /// - Throws: `HTTPServerError` where nobody can listen there.
    init(_ configuration: WebhookConfiguration, sink: any WebhookSink, logger: Logger) throws(HTTPServerError) {
        let requests = WebhookRequests()
        let receiver = WebhookReceiver(sink: sink, log: WebhookLog(logger: logger))
        server = try HTTPServer(
            listenOn: configuration.address, routes: receiver.routes, limits: configuration.limits,
            tls: configuration.web?.content.tls, policy: configuration.web?.content.policy ?? WebPolicy(),
            onAnswer: requests.count)
        self.requests = requests
        logger.info(
            "Listening for the audit webhook",
            metadata: ["address": "\(server.address)", "tls": "\(configuration.web?.content.tls != nil)"])
    }

    /// Where it listens.
    var address: ListenAddress { server.address }

    /// How the requests were answered.
    var families: [MetricFamily] { [requests.family] }

    func run() async throws {
        try? await gracefulShutdown()
        await server.shutDown(patience: Self.patience)
    }
}
