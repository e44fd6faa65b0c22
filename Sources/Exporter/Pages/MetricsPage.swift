import Exposition
import Foundation
import HTTPServing
import Synchronization

/// The metrics in one format, made once for all who ask until something changes: who asks again and again, or reads
/// nothing of the answer, costs little.
final class MetricsPage: Sendable {
    /// What the process uses changes all the time; it may be so old, and older where making the text took long, so that
    /// no more than a part of the server's time goes into it.
    private static let ages = Duration.milliseconds(500)...Duration.seconds(5)
    private static let timesItsCost = 20

    private struct Made {
        let versions: [UInt64]
        let servers: [UInt8]
        let end: ContinuousClock.Instant
        let response: HTTPResponse
    }

    private let format: ExpositionFormat
    private let counts: Published<Counts>
    private let status: StatusBoard
    private let servers: @Sendable () -> [MetricFamily]
    private let made = Mutex<Made?>(nil)

    /// - Parameter servers: The metrics of the exporter's own servers, which are on no status board.
    init(
        _ format: ExpositionFormat, showing counts: Published<Counts>, _ status: StatusBoard,
        servers: @escaping @Sendable () -> [MetricFamily]
    ) {
        self.format = format
        self.counts = counts
        self.status = status
        self.servers = servers
    }

    /// The answer, which shows what was published before it was asked for.
    func response() -> HTTPResponse {
        // Who comes while it is made waits for it.
        made.withLock { made in
            let (counts, countsVersion) = counts.latest
            let (status, statusVersion) = status.latest
            let versions = [countsVersion, statusVersion]
            let servers = servers()
            let serversText = format.render(servers)
            let now = ContinuousClock.now
            if let made, made.versions == versions, made.servers == serversText,
                now < made.end
            {
                return made.response
            }
            let response = HTTPResponse(
                headers: ["Content-Type": format.contentType],
                body: format.render(families(of: counts, status) + servers))
            let done = ContinuousClock.now
            let age = min(max(now.duration(to: done) * Self.timesItsCost, Self.ages.lowerBound), Self.ages.upperBound)
            made = Made(versions: versions, servers: serversText, end: done + age, response: response)
            return response
        }
    }

    private func families(of counts: Counts, _ status: Status) -> [MetricFamily] {
        SourceMetrics.families(of: counts, at: Date.now.timeIntervalSince1970) + ReadingMetrics.families(of: counts)
            + StatusMetrics.families(of: status) + [BuildInfo.current.family] + ProcessMetrics.families()
    }
}
