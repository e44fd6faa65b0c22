import AccessScanning
import Exposition
import HTTPServing

/// A counter that is exposed.
protocol ExposedCounter: Sendable {
    var requests: UInt64 { get }
    /// Seconds since 1970.
    var firstSeen: Double { get }
    /// The values of its labels, which are expensive to make.
    var labelValues: [String] { get }
    /// A counted request.
    var exemplar: Exemplar? { get }

    /// The values from which its labels are made.
    associatedtype Labelled: Equatable, Sendable
    /// What its labels are made from: equal for two counters if their labels are.
    var labelled: Labelled { get }
}

/// The text of the counters of one kind, in one format.
///
/// It is kept page by page. A page whose counters have not changed keeps its text, as plain and compressed parts of the
/// answer; in the other pages each counter keeps its labels for as long as it keeps its place. So a scrape of 100,000
/// sources, of which one has changed, writes 256 lines.
struct CounterText<Counter: ExposedCounter>: Sendable {
    /// What is shown of a counter: a text that is kept must not keep old evidence in memory.
    private struct Shown: Sendable {
        let labelled: Counter.Labelled
        let requests: UInt64
        let firstSeen: Double
    }

    private struct Page: Sendable {
        let counters: [Shown]
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
        requestsHead = BodyPart(headOf: metrics.requests, in: format)
        firstSeenHead = BodyPart(headOf: metrics.firstSeen, in: format)
    }

    /// The families as parts of an answer, heads included.
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
                var page = number < old.count ? old[number] : nil
                if page.map({ Self.isShown(counters, by: $0) }) != true {
                    page = write(counters, replacing: page, &requests, &firstSeen)
                    pagesWritten += 1
                }
                if let page { pages.append(page) }
            }
            parts.append(pages)
        }
        self.parts = parts
    }

    /// Whether the text of a page is that of these counters.
    private static func isShown(_ counters: [Counter], by page: Page) -> Bool {
        let old = page.counters
        guard old.count == counters.count else { return false }
        // The times of requests change without a change of the text; a request that is counted changes the number.
        return counters.indices.allSatisfy { place in
            counters[place].requests == old[place].requests && counters[place].firstSeen == old[place].firstSeen
                && counters[place].labelled == old[place].labelled
        }
    }

    private func write(
        _ counters: [Counter], replacing old: Page?, _ requests: inout ExpositionText, _ firstSeen: inout ExpositionText
    ) -> Page {
        let metrics = metrics
        var labels: [LabelSet] = []
        labels.reserveCapacity(counters.count)
        // By index, since copies of counters take more time than the text.
        for place in counters.indices {
            if let old, place < old.counters.count, counters[place].labelled == old.counters[place].labelled {
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
            counters: counters.indices.map { place in
                Shown(
                    labelled: counters[place].labelled, requests: counters[place].requests,
                    firstSeen: counters[place].firstSeen)
            }, labels: labels, requests: BodyPart(requests.take()),
            firstSeen: BodyPart(firstSeen.take()))
    }
}

extension BodyPart {
    /// The HELP and TYPE lines of a family.
    convenience init(headOf metric: Metric, in format: ExpositionFormat) {
        var text = ExpositionText(format)
        text.writeHead(of: metric)
        self.init(text.take())
    }
}

extension SourceCounter: ExposedCounter {
    private static let exemplarLabels = LabelNames(["audit_id"])

    var labelValues: [String] {
        [source.address.description, location.country, location.city, source.origin.rawValue]
            + (credentials.map { [$0.rawValue] } ?? [])
    }

    var exemplar: Exemplar? {
        guard let lastRequest, !lastRequest.auditID.isEmpty else { return nil }
        return Exemplar(
            labels: LabelSet(Self.exemplarLabels, [lastRequest.auditID]), timestamp: lastRequest.received)
    }

    struct Labelled: Equatable, Sendable {
        let subject: SourceSubject
        let location: Location
    }

    var labelled: Labelled { Labelled(subject: subject, location: location) }
}

extension NetworkCounter: ExposedCounter {
    var labelValues: [String] { [network.description] }

    var exemplar: Exemplar? { nil }

    var labelled: SourceNetwork { network }
}
