import AccessScanning
import Exposition
import HTTPServing

/// A counter that is exposed.
protocol ExposedCounter: Sendable {
    var requests: UInt64 { get }
    /// Seconds since 1970.
    var firstSeen: Double { get }

    // Where it lies, so that only what is shown is read: a call of its own method copies a counter, and touches each
    // object that it refers to, which takes a quarter of the time of a first scrape.

    /// The audit ID of a counted request and when it was received; `nil` if none is known.
    static func example(of counter: UnsafePointer<Self>) -> (auditID: String, received: Double?)?
    /// Whether two counters have the same labels.
    static func areLabelledAlike(_ one: UnsafePointer<Self>, _ other: UnsafePointer<Self>) -> Bool
    /// Writes the values of the labels of a counter.
    static func write(labelsOf counter: UnsafePointer<Self>, to labels: inout LabelValues)
}

/// The text of the counters of one kind, in one format.
///
/// It is kept page by page, and made when a response with it is sent. A page whose counters have not changed keeps its
/// text, as clients read it: compressed, for those that Prometheus sends. So a scrape of 100,000 sources, of which one
/// has changed, writes 256 lines, and the text takes a tenth of the memory of the counters. The counters themselves are
/// not copied: a page shares its memory with those that are counted until one of them changes.
struct CounterText<Counter: ExposedCounter>: Sendable {
    private struct Page: Sendable {
        let version: PageVersion
        let counters: [Counter]
        let requests: BodyPart
        let firstSeen: BodyPart
    }

    /// How many pages have been written, which is the work done.
    private(set) var pagesWritten = 0

    private let metrics: Templates
    private let requestsHead: BodyPart
    private let firstSeenHead: BodyPart
    // Those of each part of the counters, whose places are stable within a part.
    private var parts: [[Page]] = []

    init(_ metrics: CounterMetrics, in format: ExpositionFormat, withCreated: Bool = false) {
        self.metrics = Templates(
            format: format, requests: SampleTemplate(metrics.requests), firstSeen: SampleTemplate(metrics.firstSeen),
            withCreated: withCreated)
        requestsHead = BodyPart(headOf: metrics.requests, in: format)
        firstSeenHead = BodyPart(headOf: metrics.firstSeen, in: format)
    }

    /// The families as parts of an answer, heads included.
    var body: [BodyPart] {
        let pages = parts.joined()
        return [requestsHead] + pages.map(\.requests) + [firstSeenHead] + pages.map(\.firstSeen)
    }

    /// Renews the pages that have changed.
    mutating func update(_ counters: JoinedPages<Counter>) {
        var parts: [[Page]] = []
        for (number, part) in counters.parts.enumerated() {
            let old = number < self.parts.count ? self.parts[number] : []
            var pages: [Page] = []
            pages.reserveCapacity(part.pages.count)
            for number in part.pages.indices {
                let version = part.version(ofPage: number)
                if number < old.count, old[number].version === version {
                    pages.append(old[number])
                } else {
                    pages.append(page(of: part.pages[number], version, number < old.count ? old[number] : nil))
                }
            }
            parts.append(pages)
        }
        self.parts = parts
    }

    /// The page of these counters. A text that would be the same as in the old page is taken from there: the times of
    /// requests are not shown, and a request changes only the first text.
    private mutating func page(of counters: [Counter], _ version: PageVersion, _ old: Page?) -> Page {
        let metrics = metrics
        let firstSeen =
            Self.areAlike(counters, old?.counters) {
                $0.pointee.firstSeen == $1.pointee.firstSeen && Counter.areLabelledAlike($0, $1)
            } ? old?.firstSeen : nil
        let isShown =
            firstSeen != nil && Self.areAlike(counters, old?.counters) { $0.pointee.requests == $1.pointee.requests }
        let requests = isShown ? old?.requests : nil
        if requests == nil { pagesWritten += 1 }
        return Page(
            version: version, counters: counters,
            requests: BodyPart(sameAs: requests) { metrics.requestsText(of: counters) },
            firstSeen: BodyPart(sameAs: firstSeen) { metrics.firstSeenText(of: counters) })
    }

    private static func areAlike(
        _ counters: [Counter], _ others: [Counter]?,
        by isAlike: (UnsafePointer<Counter>, UnsafePointer<Counter>) -> Bool
    ) -> Bool {
        guard let others, counters.count == others.count else { return false }
        return counters.withUnsafeBufferPointer { counters in
            others.withUnsafeBufferPointer { others in
                guard let first = counters.baseAddress, let other = others.baseAddress else { return true }
                return counters.indices.allSatisfy { isAlike(first + $0, other + $0) }
            }
        }
    }

    private struct Templates: Sendable {
        // Longer lines make the text grow beyond the memory that is reserved for it.
        private var lineLength: Int { format == .openMetrics ? 240 : 160 }

        let format: ExpositionFormat
        let requests: SampleTemplate
        let firstSeen: SampleTemplate
        let withCreated: Bool
        private let exemplar = ExemplarTemplate("audit_id")

        init(format: ExpositionFormat, requests: SampleTemplate, firstSeen: SampleTemplate, withCreated: Bool) {
            self.format = format
            self.requests = requests
            self.firstSeen = firstSeen
            self.withCreated = withCreated
        }

        func requestsText(of counters: [Counter]) -> [UInt8] {
            var text = ExpositionText(format, capacity: counters.count * lineLength)
            Self.forEach(counters) { counter in
                let example = format == .openMetrics ? Counter.example(of: counter) : nil
                text.write(
                    .integer(counter.pointee.requests), of: requests,
                    created: withCreated ? counter.pointee.firstSeen : nil,
                    exemplar: example.map { (exemplar, $0.auditID, $0.received) }
                ) { Counter.write(labelsOf: counter, to: &$0) }
            }
            return text.bytes
        }

        func firstSeenText(of counters: [Counter]) -> [UInt8] {
            var text = ExpositionText(format, capacity: counters.count * lineLength)
            Self.forEach(counters) { counter in
                text.write(.number(counter.pointee.firstSeen), of: firstSeen) {
                    Counter.write(labelsOf: counter, to: &$0)
                }
            }
            return text.bytes
        }

        private static func forEach(_ counters: [Counter], _ body: (UnsafePointer<Counter>) -> Void) {
            counters.withUnsafeBufferPointer { counters in
                guard let first = counters.baseAddress else { return }
                for place in counters.indices { body(first + place) }
            }
        }
    }
}

extension BodyPart {
    /// The HELP and TYPE lines of a family.
    convenience init(headOf metric: Metric, in format: ExpositionFormat) {
        var text = ExpositionText(format)
        text.writeHead(of: metric)
        self.init(text.bytes)
    }
}

extension LabelValues {
    /// Adds the values of the labels that all metrics by source have.
    mutating func append(_ source: Source, at location: Location) {
        append(plain: { source.address.write(to: &$0) })
        append(location.country)
        append(location.city)
        switch source.origin {
        case .verified: append(plain: "verified")
        case .claimed: append(plain: "claimed")
        }
    }
}

extension SourceCounter: ExposedCounter {
    static func example(of counter: UnsafePointer<SourceCounter>) -> (auditID: String, received: Double?)? {
        guard let last = counter.pointee.lastRequest, !last.auditID.isEmpty else { return nil }
        return (last.auditID, last.received)
    }

    static func areLabelledAlike(_ one: UnsafePointer<SourceCounter>, _ other: UnsafePointer<SourceCounter>) -> Bool {
        one.pointee.source == other.pointee.source && one.pointee.credentials == other.pointee.credentials
            && one.pointee.location == other.pointee.location
    }

    static func write(labelsOf counter: UnsafePointer<SourceCounter>, to labels: inout LabelValues) {
        labels.append(counter.pointee.source, at: counter.pointee.location)
        if let credentials = counter.pointee.credentials { labels.append(credentials.rawValue) }
    }
}

extension NetworkCounter: ExposedCounter {
    static func example(of counter: UnsafePointer<NetworkCounter>) -> (auditID: String, received: Double?)? { nil }

    static func areLabelledAlike(_ one: UnsafePointer<NetworkCounter>, _ other: UnsafePointer<NetworkCounter>) -> Bool {
        one.pointee.network == other.pointee.network
    }

    static func write(labelsOf counter: UnsafePointer<NetworkCounter>, to labels: inout LabelValues) {
        labels.append(counter.pointee.network.description)
    }
}
