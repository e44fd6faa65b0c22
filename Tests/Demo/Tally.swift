import LocalStack
import Synchronization

/// Events so far.
final class Tally: Sendable {
    private let state = Mutex(State())

    private struct State {
        var lines = 0
        var requests = 0
        var alerts: [DeliveredAlert] = []
        var firstAlert: Duration?
    }

    /// Number of lines written.
    var lines: Int { state.withLock { $0.lines } }
    /// Number of requests that Prometheus has scraped.
    var requests: Int { state.withLock { $0.requests } }
    /// Alerts that arrived.
    var alerts: [DeliveredAlert] { state.withLock { $0.alerts } }
    /// Time from the start to the first alert for scanning.
    var firstAlert: Duration? { state.withLock { $0.firstAlert } }

    func wrote(lines: Int) { state.withLock { $0.lines += lines } }
    func counted(requests: Int) { state.withLock { $0.requests = requests } }

    func received(_ alert: DeliveredAlert, at time: Duration) {
        state.withLock {
            $0.alerts.append(alert)
            if alert.labels["alertname"] == ExpectedAlert.scanning { $0.firstAlert = $0.firstAlert ?? time }
        }
    }

    /// All of it in one line.
    var status: String {
        "\(lines) lines written, \(requests) requests counted, \(alerts.count) alerts"
    }
}
