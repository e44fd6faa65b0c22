/// A body that the API server sends until the response is 200.
final class WebhookBatch: Sendable {
    let requests: [PlannedRequest]
    /// The request to the webhook, its head and the EventList, byte for byte.
    let bytes: [UInt8]

    /// - Parameters:
    ///   - requests: Requests whose first event is among the events.
    ///   - events: In order.
    init(_ requests: [PlannedRequest], events: [String], path: String) {
        self.requests = requests
        let items = events.joined(separator: ",")
        let body = #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[\#(items)]}"# + "\n"
        let head = """
            POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n
            """
        bytes = Array((head + body).utf8)
    }
}
