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
    /// How often it was made, and how many pages of counters were written for that.
    private(set) var work = (texts: 0, pages: 0)

    private let format: ExpositionFormat
    private let withCreated: Bool
    private var counters: [Counters] = []

    /// - Parameter withCreated: Whether counters have a `_created` series in OpenMetrics.
    init(in format: ExpositionFormat, withCreated: Bool = false) {
        self.format = format
        self.withCreated = withCreated
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
        body = counters.flatMap(\.sources.body)
        body.append(part([DetectionMetrics.retired(of: counts.analytics)]))
        body += counters.flatMap { $0.networks?.body ?? [] }
        body.append(
            part(
                DetectionMetrics.quiet(counts.sources, counts.networks, at: now)
                    + [DetectionMetrics.retiredNetworks(of: counts.analytics)]
                    + DetectionMetrics.budgets(counts.sources, counts.networks) + ReadingMetrics.families(of: counts)))
        work.texts += 1
        work.pages = counters.map { $0.sources.pagesWritten + ($0.networks?.pagesWritten ?? 0) }.reduce(0, +)
    }

    private func part(_ families: [MetricFamily]) -> BodyPart {
        var text = ExpositionText(format)
        for family in families { text.write(family) }
        return BodyPart(text.take())
    }
}

/// A counter that is exposed.
protocol ExposedCounter: Equatable, Sendable {
    var requests: UInt64 { get }
    /// Seconds since 1970.
    var firstSeen: Double { get }
    /// The values of its labels, which are expensive to make.
    var labelValues: [String] { get }
    /// A counted request.
    var exemplar: Exemplar? { get }

    /// Whether the label values of both counters are equal, without making them.
    func hasLabels(of other: Self) -> Bool
}

/// The text of the counters of one kind, in one format.
///
/// It is kept page by page. A page whose counters have not changed keeps its text, as plain and compressed parts of the
/// answer; in the other pages each counter keeps its labels for as long as it keeps its place. So a scrape of 100,000
/// sources, of which one has changed, writes 256 lines.
struct CounterText<Counter: ExposedCounter>: Sendable {
    private struct Page: Sendable {
        let counters: [Counter]
        let labels: [LabelSet]
        let requests: BodyPart
        let firstSeen: BodyPart
    }

    /// How many pages have been written, which is the work done.
    private(set) var pagesWritten = 0

    private let metrics: CounterMetrics
    private let format: ExpositionFormat
    private let withCreated: Bool
    private let requestsHead: BodyPart
    private let firstSeenHead: BodyPart
    // Those of each part of the counters, whose places are stable within a part.
    private var parts: [[Page]] = []

    init(_ metrics: CounterMetrics, in format: ExpositionFormat, withCreated: Bool = false) {
        self.metrics = metrics
        self.format = format
        self.withCreated = withCreated
        requestsHead = Self.head(of: metrics.requests, in: format)
        firstSeenHead = Self.head(of: metrics.firstSeen, in: format)
    }

    /// Both families as parts of an answer, heads included.
    var body: [BodyPart] {
        let pages = parts.joined()
        return [requestsHead] + pages.map(\.requests) + [firstSeenHead] + pages.map(\.firstSeen)
    }

    /// Writes the pages that have changed.
    mutating func update(_ counters: JoinedPages<Counter>) {
        var requests = ExpositionText(format)
        var firstSeen = ExpositionText(format)
        var parts: [[Page]] = []
        for (number, part) in counters.parts.enumerated() {
            let old = number < self.parts.count ? self.parts[number] : []
            var pages: [Page] = []
            pages.reserveCapacity(part.pages.count)
            for (number, counters) in part.pages.enumerated() {
                let old = number < old.count ? old[number] : nil
                // Pages of the same memory are equal without a comparison.
                if let old, old.counters == counters {
                    pages.append(old)
                } else {
                    pages.append(write(counters, replacing: old, &requests, &firstSeen))
                    pagesWritten += 1
                }
            }
            parts.append(pages)
        }
        self.parts = parts
    }

    private func write(
        _ counters: [Counter], replacing old: Page?, _ requests: inout ExpositionText, _ firstSeen: inout ExpositionText
    ) -> Page {
        let metrics = metrics
        var labels: [LabelSet] = []
        labels.reserveCapacity(counters.count)
        // By index, since copies of counters take more time than the text.
        for place in counters.indices {
            if let old, place < old.counters.count, counters[place].hasLabels(of: old.counters[place]) {
                labels.append(old.labels[place])
            } else {
                labels.append(LabelSet(metrics.requests.labels, counters[place].labelValues))
            }
            requests.write(
                Sample(
                    .integer(counters[place].requests), labels: labels[place],
                    created: withCreated ? counters[place].firstSeen : nil,
                    exemplar: format == .openMetrics ? counters[place].exemplar : nil), of: metrics.requests)
            firstSeen.write(
                Sample(.number(counters[place].firstSeen), labels: labels[place]), of: metrics.firstSeen)
        }
        return Page(
            counters: counters, labels: labels, requests: BodyPart(requests.take()),
            firstSeen: BodyPart(firstSeen.take()))
    }

    private static func head(of metric: Metric, in format: ExpositionFormat) -> BodyPart {
        var text = ExpositionText(format)
        text.writeHead(of: metric)
        return BodyPart(text.take())
    }
}

extension SourceCounter: ExposedCounter {
    private static let exemplarLabels = LabelNames(["audit_id"])

    var labelValues: [String] {
        [source.address.description, location.country, location.city, source.origin.rawValue]
    }

    var exemplar: Exemplar? {
        guard let lastRequest, !lastRequest.auditID.isEmpty else { return nil }
        return Exemplar(
            labels: LabelSet(Self.exemplarLabels, [lastRequest.auditID]), timestamp: lastRequest.received)
    }

    func hasLabels(of other: SourceCounter) -> Bool {
        source == other.source && location == other.location
    }
}

extension NetworkCounter: ExposedCounter {
    var labelValues: [String] { [network.description] }

    var exemplar: Exemplar? { nil }

    func hasLabels(of other: NetworkCounter) -> Bool { network == other.network }
}
