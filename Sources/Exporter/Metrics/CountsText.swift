import AccessScanning
import Exposition
import HTTPServing

/// The text of all counts in one format, as parts of an answer of which many stay the same from version to version.
struct CountsText: Sendable {
    /// The text that was made last.
    private(set) var body: [BodyPart] = []
    /// How often it was made, and how many pages of counters were written for that.
    private(set) var work = (texts: 0, pages: 0)

    private let format: ExpositionFormat
    private var sources: CounterText<SourceCounter>
    private var networks: CounterText<NetworkCounter>?

    init(in format: ExpositionFormat) {
        self.format = format
        sources = CounterText(DetectionMetrics.analytics[0].sources, in: format)
        networks = DetectionMetrics.analytics[0].networks.map { CounterText($0, in: format) }
    }

    /// Makes the text again.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func update(_ counts: Counts, at now: Double) {
        sources.update(counts.sources.counters)
        networks?.update(counts.networks.counters)
        body =
            sources.body
            + [part([MetricFamily(DetectionMetrics.retiredRequests, .integer(counts.sources.retiredRequests))])]
            + (networks?.body ?? [])
            + [
                part(
                    DetectionMetrics.quiet(counts, at: now)
                        + [
                            MetricFamily(
                                DetectionMetrics.retiredNetworkRequests, .integer(counts.networks.retiredRequests))
                        ] + DetectionMetrics.budgets(counts.sources, counts.networks)
                        + ReadingMetrics.families(of: counts))
            ]
        work = (work.texts + 1, sources.pagesWritten + (networks?.pagesWritten ?? 0))
    }

    private func part(_ families: [MetricFamily]) -> BodyPart {
        var text = ExpositionText(format)
        for family in families { text.write(family) }
        return BodyPart(text.take())
    }
}
