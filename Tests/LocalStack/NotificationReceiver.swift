import Foundation
import HTTPServing
import Synchronization

/// Receives Alertmanager's webhook notifications.
public final class NotificationReceiver: Sendable {
    /// Each alert as it arrives, for one reader.
    public let arrivals: AsyncStream<DeliveredAlert>
    private let server: HTTPServer
    private let inbox: Inbox

    /// Starts receiving.
    public init() throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: DeliveredAlert.self)
        let inbox = Inbox(arrival: arrival)
        self.arrivals = arrivals
        self.inbox = inbox
        var routes = Routes()
        routes.on("POST", Self.path) { inbox.receive($0.body) }
        // A notification contains a whole group of alerts.
        server = try HTTPServer(
            listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, limits: Limits(bodySize: 4 << 20))
    }

    /// The URL for Alertmanager.
    public var address: String { "http://\(server.address)\(Self.path)" }

    /// All alerts that arrived, in order.
    public var delivered: [DeliveredAlert] { inbox.delivered }

    /// Stops receiving; `arrivals` ends.
    public func stop() {
        server.stop()
        inbox.close()
    }

    private static let path = "/notifications"

    private final class Inbox: Sendable {
        private let alerts = Mutex<[DeliveredAlert]>([])
        private let arrival: AsyncStream<DeliveredAlert>.Continuation

        init(arrival: AsyncStream<DeliveredAlert>.Continuation) {
            self.arrival = arrival
        }

        var delivered: [DeliveredAlert] { alerts.withLock { $0 } }

        func close() { arrival.finish() }

        func receive(_ body: [UInt8]) -> HTTPResponse {
            struct Notification: Decodable { var alerts: [DeliveredAlert] }
            do {
                let notification = try JSONDecoder().decode(Notification.self, from: Data(body))
                alerts.withLock { $0 += notification.alerts }
                notification.alerts.forEach { arrival.yield($0) }
                return .text("received\n")
            } catch {
                return .text("not a notification: \(error)\n", status: 400)
            }
        }
    }
}
