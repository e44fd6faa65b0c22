import AccessScanning
import Exposition
import Locations

/// Writes the counters of the past as OpenMetrics text with timestamps, in the families of the exporter that the alert
/// rules use.
///
/// The text is passed on in pieces, so that its size does not matter: a source that is active for a year has a million
/// samples.
struct BackfillText {
    private static let counters = AnalyticMetrics(.forbidden)

    /// The families, in the order in which they are written. The metrics of the exporter itself, such as its build, are
    /// not among them: in the past it did not run.
    static var metrics: [Metric] {
        counters.sources.metrics + (counters.networks?.metrics ?? [])
            + [DetectionMetrics.quietSources, DetectionMetrics.quietRequests]
    }

    /// A source as `serve` knows it: a silent one is retired after its default retention.
    private static let retention: Int64 = 86_400_000_000
    /// The size of a piece in bytes, at least.
    private static let pieceSize = 1 << 20

    /// The number of samples written so far.
    private(set) var samples = 0
    /// The number of series written so far.
    private(set) var series = 0
    /// The times of the first and the last sample, in seconds since 1970.
    private(set) var times: ClosedRange<Double>?

    private let configuration: BackfillConfiguration
    private let write: (_ piece: [UInt8]) throws(ConfigurationError) -> Void
    private var text = ExpositionText(.openMetrics)

    /// - Parameter write: Takes the pieces of the text.
    init(_ configuration: BackfillConfiguration, write: @escaping (_ piece: [UInt8]) throws(ConfigurationError) -> Void)
    {
        self.configuration = configuration
        self.write = write
    }

    /// A network in the past.
    private struct Network {
        let name: String
        let sources: [RequestTimeline]
        let lives: [CounterLife]
        let sampling: CounterLife.Sampling
    }

    private func network(_ network: SourceNetwork, _ requests: RequestTimeline, _ sources: [RequestTimeline]) -> Network
    {
        var sampling = configuration.sampling
        // The threshold of a network is four times that of a source.
        let threshold = 4 * configuration.threshold
        sampling.requestSamples = threshold + 1
        let notable = NetworkSweep.notableTimes(
            of: sources, threshold: configuration.threshold, networkThreshold: threshold, step: sampling.step)
        sampling.notable = Set(notable.map(sampling.time(ofRequestAt:)))
        return Network(
            name: network.description, sources: sources, lives: requests.lives(retention: Self.retention),
            sampling: sampling)
    }

    /// Writes the whole text.
    mutating func write(_ history: RequestHistory) throws(ConfigurationError) {
        let sources = history.sources.map { source, requests in
            let lives = requests.lives(retention: Self.retention)
            return (labels: labels(of: source), lives: lives, sampling: configuration.sampling)
        }
        try write(sources, as: Self.counters.sources)
        if let metrics = Self.counters.networks {
            let networks = history.networks.map { network($0.network, $0.requests, $0.sources) }
            try write(networks.map { (labels: [$0.name], lives: $0.lives, sampling: $0.sampling) }, as: metrics)
            try write(networks, as: DetectionMetrics.quietSources) { SampleValue($0.sources) }
            try write(networks, as: DetectionMetrics.quietRequests) { .integer($0.requests) }
        }
        text.writeEnd()
        try write(text.take())
    }

    private func labels(of source: Source) -> [String] {
        var location = Location.unknown
        if case .address(let address) = source.address {
            location = configuration.scan.locations?.location(of: address) ?? .unknown
        }
        return [source.address.description, location.country, location.city, source.origin.rawValue]
    }

    private mutating func write(
        _ counters: [(labels: [String], lives: [CounterLife], sampling: CounterLife.Sampling)],
        as metrics: CounterMetrics
    ) throws(ConfigurationError) {
        text.writeHead(of: metrics.requests)
        for counter in counters {
            try writeSeries(of: metrics.requests, counter.labels, counter.lives, counter.sampling) { _, requests, _ in
                .integer(requests)
            }
        }
        text.writeHead(of: metrics.firstSeen)
        for counter in counters {
            try writeSeries(of: metrics.firstSeen, counter.labels, counter.lives, counter.sampling) { _, _, life in
                .number(Double(life.firstSeen) / 1_000_000)
            }
        }
    }

    /// Writes a gauge of networks. It has samples whenever the counter of its network has.
    private mutating func write(
        _ networks: [Network], as metric: Metric, _ value: (QuietSources) -> SampleValue
    ) throws(ConfigurationError) {
        text.writeHead(of: metric)
        let threshold = configuration.threshold
        for network in networks {
            try writeSeries(of: metric, [network.name], network.lives, network.sampling) { time, _, _ in
                value(QuietSources(of: network.sources, at: time, threshold: threshold))
            }
        }
    }

    private mutating func writeSeries(
        of metric: Metric, _ values: [String], _ lives: [CounterLife], _ sampling: CounterLife.Sampling,
        _ value: (_ time: Int64, _ requests: UInt64, CounterLife) -> SampleValue
    ) throws(ConfigurationError) {
        let names = LabelNames(metric.labels.names + configuration.labels.map(\.name))
        let labels = LabelSet(names, values + configuration.labels.map(\.value))
        let before = samples
        for life in lives {
            try life.forEachSample(sampling) { time, requests throws(ConfigurationError) in
                let seconds = Double(time) / 1_000_000
                text.write(Sample(value(time, requests, life), labels: labels), of: metric, at: seconds)
                samples += 1
                times = min(times?.lowerBound ?? seconds, seconds)...max(times?.upperBound ?? seconds, seconds)
                if text.bytes.count >= Self.pieceSize { try write(text.take()) }
            }
        }
        if samples > before { series += 1 }
    }
}
