import AccessScanning
import Exposition
import HTTPServing

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
    private let requestsHead: BodyPart
    private let firstSeenHead: BodyPart
    // Those of each part of the counters, whose places are stable within a part.
    private var parts: [[Page]] = []

    init(_ metrics: CounterMetrics, in format: ExpositionFormat) {
        self.metrics = metrics
        self.format = format
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
                    .integer(counters[place].requests), labels: labels[place], created: counters[place].firstSeen,
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
        guard !lastRequest.auditID.isEmpty else { return nil }
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
