import AccessScanning
import AuditEvents
import AuditSources
import HTTPServing

/// Receives what the API server's audit webhook sends: an EventList a request, on `/` or `/audit`.
///
/// It answers 200 once the events are committed, and no sooner: the API server sends a batch again until it gets one,
/// and a batch that comes again changes no count. So nothing is lost between the two, whoever of them is restarted.
struct WebhookReceiver: Sendable {
    /// Under which paths it is reached; which one is used stands in the API server's configuration file.
    static let paths = ["/", "/audit"]

    private let handler: WebhookHandler
    private let log: WebhookLog
    private let scanners = ScannerPool(selecting: [.unauthenticatedForbidden])

    init(handler: WebhookHandler, log: WebhookLog) {
        self.handler = handler
        self.log = log
    }

    /// The routes of a server that receives the webhook and does nothing else.
    var routes: Routes {
        var routes = Routes()
        for path in Self.paths {
            routes.onWaiting("POST", path) { request in await receive(request) }
        }
        return routes
    }

    private func receive(_ request: HTTPRequest) async -> HTTPResponse {
        if let refusal = Self.refusal(of: request) { return refusal }
        let scanned: ScannedEvents
        do {
            scanned = try await scanners.scan(eventList: request.body)
        } catch {
            log.note(error)
            return .text("400 this is no EventList: \(error.reason)\n", status: 400)
        }
        let batch = InputBatch(input: .webhook, path: "webhook", scanned: scanned, bytes: request.body.count)
        let reason: String
        switch await handler.take(batch) {
        case .committed: return HTTPResponse(body: [])
        // The API server forgets a batch that is answered with 200, so it must be on disk by then.
        case .accepted: reason = "the batch is not written yet"
        case .unavailable(let problem): reason = problem
        }
        log.note(unavailable: reason)
        var refusal = HTTPResponse.text("503 \(reason)\n", status: 503)
        refusal.headers["Retry-After"] = "10"
        return refusal
    }

    private static func refusal(of request: HTTPRequest) -> HTTPResponse? {
        // The server took it for an empty body. What follows it, if it had one, would be taken for a request.
        if request.header("Content-Length") == nil, request.header("Transfer-Encoding") == nil {
            var refusal = HTTPResponse.text("411 the length of the body is not given\n", status: 411)
            refusal.headers["Connection"] = "close"
            return refusal
        }
        // No API server compresses what it sends to a webhook, and a few bytes that unfold into very many are better
        // not taken from strangers.
        let coding = request.header("Content-Encoding")?.lowercased()
        if let coding, coding != "identity" {
            var refusal = HTTPResponse.text("415 send the body as it is, not compressed\n", status: 415)
            refusal.headers["Accept-Encoding"] = "identity"
            return refusal
        }
        return nil
    }
}
