import AccessScanning
import Exposition
import HTTPServing

/// The text of all counts in one format, as parts of an answer of which many stay the same from version to version.
struct CountsText: Sendable {
    /// The counters of one analytic.
    private struct Counters: Sendable {
        let analytic: Analytic
        var sources: CounterText<SourceCounter>
        var networks: CounterText<NetworkCounter>?

        init(_ analytic: Analytic, in format: ExpositionFormat, withCreated: Bool) {
            let metrics = AnalyticMetrics(analytic)
            self.analytic = analytic
            sources = CounterText(metrics.sources, in: format, withCreated: withCreated)
            networks = metrics.networks.map { CounterText($0, in: format, withCreated: withCreated) }
        }
    }

    /// The text that was made last.
    private(set) var body: [BodyPart] = []
    /// How often it was made, and how many pages of counters were renewed for that.
    private(set) var work = (texts: 0, pages: 0)

    private let format: ExpositionFormat
    private let withCreated: Bool
    private var counters: [Counters] = []
    private var paths: PathsText
    private var quiet = QuietNetworks()

    /// - Parameter withCreated: Whether counters have a `_created` series in OpenMetrics.
    init(in format: ExpositionFormat, withCreated: Bool = false) {
        self.format = format
        self.withCreated = withCreated
        paths = PathsText(in: format)
    }

    /// Makes the text again.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func update(_ counts: Counts, at now: Double) {
        if counters.map(\.analytic) != counts.analytics.map(\.analytic) {
            counters = counts.analytics.map { Counters($0.analytic, in: format, withCreated: withCreated) }
        }
        for (index, analytic) in counts.analytics.enumerated() {
            counters[index].sources.update(analytic.sources.counters)
            counters[index].networks?.update(analytic.networks?.counters ?? [])
        }
        paths.update(counts.profiles.profiles, at: now)
        body = counters.flatMap(\.sources.body) + paths.body
        body.append(part([MetricFamily(DetectionMetrics.retiredRequests, .integer(counts.sources.retiredRequests))]))
        body += counters.flatMap { $0.networks?.body ?? [] }
        body.append(
            part(
                DetectionMetrics.quiet(quiet.update(counts.sources, at: now), counts.networks, at: now)
                    + [
                        MetricFamily(DetectionMetrics.retiredNetworkRequests, .integer(counts.networks.retiredRequests))
                    ] + DetectionMetrics.budgets(counts.sources, counts.networks)
                    + OutcomeMetrics.families(of: counts.analytics.dropFirst()) + ReadingMetrics.families(of: counts)))
        work.texts += 1
        work.pages = counters.map { $0.sources.pagesWritten + ($0.networks?.pagesWritten ?? 0) }.reduce(0, +)
    }

    private func part(_ families: [MetricFamily]) -> BodyPart {
        var text = ExpositionText(format)
        for family in families { text.write(family) }
        return BodyPart(text.bytes)
    }
}
