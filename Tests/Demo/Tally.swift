import LocalStack
import Synchronization

/// What has happened so far.
final class Tally: Sendable {
    private let state = Mutex(State())

    private struct State {
        var lines = 0
        var requests = 0
        var alerts: [DeliveredAlert] = []
        var firstAlert: Duration?
    }

    /// How many lines were written.
    var lines: Int { state.withLock { $0.lines } }
    /// How many requests Prometheus knows to be counted.
    var requests: Int { state.withLock { $0.requests } }
    /// The alerts that arrived.
    var alerts: [DeliveredAlert] { state.withLock { $0.alerts } }
    /// When the first one for scanning arrived, from the start.
    var firstAlert: Duration? { state.withLock { $0.firstAlert } }

    func wrote(lines: Int) { state.withLock { $0.lines += lines } }
    func counted(requests: Int) { state.withLock { $0.requests = requests } }

    func received(_ alert: DeliveredAlert, at time: Duration) {
        state.withLock {
            $0.alerts.append(alert)
            if ExpectedAlert(labels: alert.labels) != nil { $0.firstAlert = $0.firstAlert ?? time }
        }
    }

    /// In one line.
    var status: String {
        "\(lines) lines written, \(requests) requests counted, \(alerts.count) alerts"
    }
}
