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

    // `name{a="`, `",b="`: the text before each value; with the metric's name, and with that of its creation times.
    let openings: [[UInt8]]
    let createdOpenings: [[UInt8]]

    /// The template of a metric with at least one label.
    public init(_ metric: Metric) {
        precondition(!metric.labels.names.isEmpty, "\(metric.name) has no labels")
        self.metric = metric
        let openings = { (name: String) in
            metric.labels.openings.enumerated().map { Array((($0 == 0 ? name : "") + $1).utf8) }
        }
        self.openings = openings(metric.name)
        createdOpenings = openings(metric.createdName)
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

    private var openings: [[UInt8]] = []
    private var count = 0

    /// Adds the value of the next label: any text.
    public mutating func append(_ value: String) {
        begin()
        Escape.append(value, to: &bytes)
    }

    /// Adds the value of the next label: ASCII without characters that are escaped.
    ///
    /// - Parameter write: Appends the value to the text.
    public mutating func append(plain write: (inout [UInt8]) -> Void) {
        begin()
        write(&bytes)
    }

    private mutating func begin() {
        bytes += openings[count]
        count += 1
    }

    /// Writes the values of one sample between these texts.
    mutating func write(_ openings: [[UInt8]], _ labels: (inout LabelValues) -> Void) {
        self.openings = openings
        count = 0
        labels(&self)
        precondition(count == openings.count, "\(count) values for \(openings.count) labels")
        for byte in "\"} ".utf8 { bytes.append(byte) }
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
        _ value: SampleValue, labelled openings: [[UInt8]], _ labels: (inout LabelValues) -> Void
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
        var text = text
        let isPlain = text.withUTF8 { text in
            guard text.allSatisfy({ $0 > 0 && $0 != 10 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") })
            else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if !isPlain { bytes += labelValue(text).utf8 }
    }
}
