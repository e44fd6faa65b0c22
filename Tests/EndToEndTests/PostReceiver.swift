import Foundation
import HTTPServing
import Synchronization

/// Receives the JSON that Alertmanager sends to Slack and PagerDuty.
final class PostReceiver: Sendable {
    private let server: HTTPServer
    private let inbox = Inbox()

    init() throws {
        var routes = Routes()
        for path in ["/slack", "/pagerduty"] {
            routes.on("POST", path) { [inbox] request in
                inbox.bodies.withLock { $0[path, default: []].append(Data(request.body)) }
                // PagerDuty's response; Alertmanager does not check Slack's response exactly.
                return .text("ok", status: path == "/slack" ? 200 : 202)
            }
        }
        server = try HTTPServer(
            listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, limits: Limits(bodySize: 4 << 20))
    }

    /// The URL of a path.
    func url(_ path: String) -> String { "http://\(server.address)\(path)" }

    /// Messages to Slack.
    func slack() throws -> [SlackMessage] { try decoded("/slack") }

    /// Events to PagerDuty.
    func pages() throws -> [PagerDutyEvent] { try decoded("/pagerduty") }

    func stop() { server.stop() }

    private func decoded<Message: Decodable>(_ path: String) throws -> [Message] {
        try inbox.bodies.withLock { $0[path, default: []] }.map { try JSONDecoder().decode(Message.self, from: $0) }
    }

    private final class Inbox: Sendable {
        let bodies = Mutex<[String: [Data]]>([:])
    }
}

/// A message as Alertmanager sends it to Slack.
struct SlackMessage: Decodable, Sendable {
    struct Attachment: Decodable, Sendable {
        var title: String
        var text: String
        var color: String
    }

    var channel: String
    var attachments: [Attachment]
}

/// An event as Alertmanager sends it to PagerDuty (Events API v2).
struct PagerDutyEvent: Decodable, Sendable {
    struct Payload: Decodable, Sendable {
        var summary: String
        var severity: String
        var custom_details: [String: String]
    }

    var routing_key: String
    var event_action: String
    var payload: Payload
}
