/// A metric of which many samples are written: the text around their label values is made once.
///
/// ```swift
/// let template = SampleTemplate(requests)
/// text.write(.integer(12), of: template) { labels in
///     labels.append("192.0.2.1")
///     labels.append("verified")
/// }
/// ```
public struct SampleTemplate: Sendable {
    /// The metric.
    public let metric: Metric

    // With the metric's name, and with that of its creation times.
    let openings: LabelOpenings
    let createdOpenings: LabelOpenings

    /// The template of a metric with at least one label.
    public init(_ metric: Metric) {
        precondition(!metric.labels.names.isEmpty, "\(metric.name) has no labels")
        self.metric = metric
        openings = LabelOpenings(metric.name, metric.labels)
        createdOpenings = LabelOpenings(metric.createdName, metric.labels)
    }
}

/// The text of a sample around its label values, in one buffer, since each of several buffers would be retained and
/// released for each sample.
struct LabelOpenings: Sendable {
    /// `name{a="`, `",b="`: the text before each value; then `"} `, which follows the last one.
    let text: [UInt8]
    /// The end of each of these texts.
    let ends: [Int]

    init(_ name: String, _ labels: LabelNames) {
        var text: [UInt8] = Array(name.utf8)
        var ends: [Int] = []
        for opening in labels.openings + ["\"} "] {
            text += opening.utf8
            ends.append(text.count)
        }
        self.text = text
        self.ends = ends
    }
}

/// The label of exemplars, of which many are written.
public struct ExemplarTemplate: Sendable {
    let opening: [UInt8]
    /// The limit for the characters of its value, see `Exemplar.characterLimit`.
    let characterLimit: Int

    /// The template of exemplars with one label.
    public init(_ label: String) {
        let names = LabelNames([label])
        opening = Array(" # \(names.openings[0])".utf8)
        characterLimit = Exemplar.characterLimit - names.characterCount
    }
}

/// The label values of one sample, which are written one after the other.
public struct LabelValues: Sendable {
    /// The text so far, in which the values are written: it has one owner, so that it is never copied.
    var bytes: [UInt8] = []

    // Those of the sample that is being written, and how many were written. The pointers are set only within `write`.
    nonisolated(unsafe) private var openings = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    nonisolated(unsafe) private var ends = UnsafeBufferPointer<Int>(start: nil, count: 0)
    private var count = 0

    /// Adds the value of the next label: any text.
    public mutating func append(_ value: String) {
        begin()
        Escape.append(value, to: &bytes)
    }

    /// Adds the value of the next label: ASCII without characters that are escaped.
    public mutating func append(plain value: StaticString) {
        begin()
        bytes.append(contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// Adds the value of the next label: ASCII without characters that are escaped.
    ///
    /// - Parameter write: Appends the value to the text.
    public mutating func append(plain write: (inout [UInt8]) -> Void) {
        begin()
        write(&bytes)
    }

    private mutating func begin() {
        precondition(count < ends.count, "more values than labels")
        let start = count == 0 ? 0 : ends[count - 1]
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: openings[start..<ends[count]]))
        count += 1
    }

    /// Writes the values of one sample between these texts.
    mutating func write(_ openings: LabelOpenings, _ labels: (inout LabelValues) -> Void) {
        openings.text.withUnsafeBufferPointer { text in
            openings.ends.withUnsafeBufferPointer { ends in
                self.openings = text
                self.ends = ends
                count = 0
                labels(&self)
                precondition(count == ends.count - 1, "\(count) values for \(ends.count - 1) labels")
                begin()
                self.openings = UnsafeBufferPointer(start: nil, count: 0)
                self.ends = UnsafeBufferPointer(start: nil, count: 0)
            }
        }
    }
}

extension ExpositionText {
    /// Writes one sample. The samples of a metric follow its head without anything between them.
    ///
    /// - Parameters:
    ///   - created: Counters only: when it began to count, in seconds since 1970. Only OpenMetrics shows it.
    ///   - exemplar: Counters only: the label's value of a counted event, and when it happened, in seconds since 1970.
    ///     Only OpenMetrics shows it; a value that is too long is left out, as `Exemplar` describes.
    ///   - labels: Gives a value for each label, in the order of the metric's label names.
    public mutating func write(
        _ value: SampleValue, of template: SampleTemplate, created: Double? = nil,
        exemplar: (template: ExemplarTemplate, value: String, timestamp: Double?)? = nil,
        labels: (inout LabelValues) -> Void
    ) {
        write(value, labelled: template.openings, labels)
        if format == .openMetrics, template.metric.kind == .counter {
            if let exemplar { write(exemplar.template, exemplar.value, exemplar.timestamp) }
            if let created {
                endLine()
                write(.number(created), labelled: template.createdOpenings, labels)
            }
        }
        endLine()
    }

    private mutating func write(
        _ value: SampleValue, labelled openings: LabelOpenings, _ labels: (inout LabelValues) -> Void
    ) {
        values.write(openings, labels)
        write(value)
    }

    private mutating func write(_ template: ExemplarTemplate, _ value: String, _ timestamp: Double?) {
        guard value.utf8.count <= template.characterLimit || value.unicodeScalars.count <= template.characterLimit
        else { return }
        bytes += template.opening
        Escape.append(value, to: &bytes)
        write("\"} 1")
        if let timestamp {
            write(" ")
            write(.number(timestamp))
        }
    }
}

extension Escape {
    /// Appends a label value, escaped as by `labelValue`.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        guard !text.isEmpty else { return }
        // Not as a string that is made contiguous, which would be a copy. A string that is not contiguous, which only
        // Foundation makes, takes the long way.
        let isWritten = text.utf8.withContiguousStorageIfAvailable { text in
            guard text.allSatisfy({ $0 > 0 && $0 != 10 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") })
            else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if isWritten != true { bytes += labelValue(text).utf8 }
    }
}
