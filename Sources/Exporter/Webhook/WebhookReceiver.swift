import AuditEvents
import AuditSources
import HTTPServing
import Logging

/// Receives the requests of the API server's audit webhook: an EventList each, on `/` or `/audit`.
///
/// The response is 200 once the events are committed, and not earlier: the API server repeats a batch until it gets a
/// 200, and a repeated batch changes no count. So nothing is lost between the two, whichever of them is restarted.
struct WebhookReceiver: Sendable {
    /// The paths that it listens on. The API server's configuration file names one.
    static let paths = ["/", "/audit"]

    private let handler: WebhookHandler
    private let log: WebhookLog
    private let scanning: EventListScanning

    init(selecting selectors: [EventSelector], handler: WebhookHandler, log: WebhookLog) {
        scanning = EventListScanning(selecting: selectors)
        self.handler = handler
        self.log = log
    }

    /// The routes of a server that does nothing else.
    var routes: Routes {
        var routes = Routes()
        for path in Self.paths {
            routes.onWaiting("POST", path) { request in await receive(request) }
        }
        return routes
    }

    private func receive(_ request: HTTPRequest) async -> HTTPResponse {
        if let (refusal, reason) = Self.refusal(of: request) {
            log.note(refused: reason)
            return refusal
        }
        let reason: String
        do {
            switch try await scanning.scan(request.body, { await handler.take($0) }) {
            case .committed: return HTTPResponse(body: [])
            // The API server forgets a batch that is answered with 200, so it must be on disk by then.
            case .accepted: reason = "the batch is not written yet"
            case .unavailable(let problem): reason = problem
            }
        } catch {
            let reason = (error as? MalformedEvent)?.reason ?? "\(error)"
            log.note(refused: reason)
            return .text("400 not an EventList: \(reason)\n", status: 400)
        }
        log.note(unavailable: reason)
        var refusal = HTTPResponse.text("503 \(reason)\n", status: 503)
        refusal.headers["Retry-After"] = "10"
        return refusal
    }

    private static func refusal(of request: HTTPRequest) -> (response: HTTPResponse, reason: String)? {
        // The server took the body for empty. If there is one, it would be read as the next request.
        if request.header("Content-Length") == nil, request.header("Transfer-Encoding") == nil {
            let reason = "the length of the body is not given"
            var refusal = HTTPResponse.text("411 \(reason)\n", status: 411)
            refusal.headers["Connection"] = "close"
            return (refusal, reason)
        }
        // No API server compresses its batches, and a few compressed bytes can hold very many.
        let coding = request.header("Content-Encoding")?.lowercased()
        if let coding, coding != "identity" {
            var refusal = HTTPResponse.text("415 send the body as it is, not compressed\n", status: 415)
            refusal.headers["Accept-Encoding"] = "identity"
            return (refusal, "the body is compressed")
        }
        return nil
    }
}

/// Logs the webhook requests that were refused, at a bounded rate: a client must not be able to fill the disk.
final class WebhookLog: Sendable {
    private let lines: LimitedLog

    init(logger: Logger) {
        lines = LimitedLog(logger, about: "webhook requests that were refused")
    }

    /// A body that is not an EventList, or that was not read.
    func note(refused reason: String) {
        lines.log(
            .warning, "Webhook body refused; its events are lost unless the API server also writes a log",
            metadata: ["reason": "\(reason)"])
    }

    /// A batch that could not be committed.
    func note(unavailable reason: String) {
        lines.log(
            .warning, "Webhook batch not committed; the API server sends it again", metadata: ["reason": "\(reason)"])
    }

    /// Reports the messages suppressed so far.
    func flush() { lines.flush() }
}
