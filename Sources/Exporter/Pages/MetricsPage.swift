import Exposition
import HTTPServing
import Synchronization

/// The metrics in one format, made once for all who ask until something changes: who asks again and again, or reads
/// nothing of the answer, costs little.
final class MetricsPage: Sendable {
    /// What the process uses changes all the time; it may be so old.
    private static let longest: Duration = .milliseconds(500)

    private struct Made {
        let version: UInt64
        let servers: [UInt8]
        let time: ContinuousClock.Instant
        let response: HTTPResponse
    }

    private let format: ExpositionFormat
    private let published: Published<Snapshot>
    private let servers: @Sendable () -> [MetricFamily]
    private let made = Mutex<Made?>(nil)

    /// - Parameter servers: The metrics of the exporter's own servers, which are in no snapshot.
    init(
        _ format: ExpositionFormat, showing published: Published<Snapshot>,
        servers: @escaping @Sendable () -> [MetricFamily]
    ) {
        self.format = format
        self.published = published
        self.servers = servers
    }

    /// The answer, which shows what was published before it was asked for.
    func response() -> HTTPResponse {
        // Who comes while it is made waits for it.
        made.withLock { made in
            let (snapshot, version) = published.latest
            let servers = servers()
            let serversText = format.render(servers)
            let now = ContinuousClock.now
            if let made, made.version == version, made.servers == serversText,
                made.time.duration(to: now) < Self.longest
            {
                return made.response
            }
            let response = HTTPResponse(
                headers: ["Content-Type": format.contentType],
                body: format.render(ExporterMetrics.families(of: snapshot) + servers))
            made = Made(version: version, servers: serversText, time: now, response: response)
            return response
        }
    }
}
