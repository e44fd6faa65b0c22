/// The text formats in which Prometheus reads metrics.
///
/// Sources: <https://prometheus.io/docs/instrumenting/exposition_formats/>,
/// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.
public enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    /// The Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.0, which also has creation times and exemplars.
    case openMetrics

    /// The value of `Content-Type`.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The text of a whole scrape.
    ///
    /// - Parameter families: In the order in which they are written; each metric at most once.
    /// - Returns: UTF-8.
    public func render(_ families: [MetricFamily]) -> [UInt8] {
        var text = ExpositionText(self)
        for family in families { text.write(family) }
        text.writeEnd()
        return text.bytes
    }
}

/// A text of metrics, or a part of one: families are written one after the other, and a large family may be written
/// sample by sample.
///
/// ```swift
/// var text = ExpositionText(.openMetrics)
/// text.writeHead(of: requests)
/// for counter in counters { text.write(Sample(.integer(counter.requests), labels: counter.labels), of: requests) }
/// text.writeEnd()
/// ```
public struct ExpositionText: Sendable {
    /// The text so far, as UTF-8.
    public private(set) var bytes: [UInt8] = []

    private let format: ExpositionFormat

    /// An empty text.
    public init(_ format: ExpositionFormat) {
        self.format = format
    }

    /// Takes the text so far, in as much memory as it needs. Later writes begin a new text, which reuses the capacity.
    public mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return Array(bytes[...])
    }

    /// Writes a metric's head and its samples.
    public mutating func write(_ family: MetricFamily) {
        writeHead(of: family.metric)
        for sample in family.samples { write(sample, of: family.metric) }
    }

    /// Writes the lines before a metric's samples.
    public mutating func writeHead(of metric: Metric) {
        let name = format == .openMetrics ? metric.baseName : metric.name
        write("# HELP \(name) \(Escape.help(metric.help, in: format))\n")
        write("# TYPE \(name) \(metric.kind.rawValue)\n")
        if format == .openMetrics, let unit = metric.unit { write("# UNIT \(name) \(unit)\n") }
    }

    /// Writes one sample. The samples of a metric follow its head without anything between them.
    ///
    /// - Parameter time: When the value was measured, in seconds since 1970. Scrapes have none; in OpenMetrics text that is
    ///   imported, the samples with the same labels follow each other in the order of time.
    public mutating func write(_ sample: Sample, of metric: Metric, at time: Double? = nil) {
        write(metric.name, sample.labels)
        write(sample.value)
        if let time {
            write(" ")
            // The older format has milliseconds.
            write(format == .openMetrics ? time : (time * 1000).rounded())
        }
        if format == .openMetrics, metric.kind == .counter {
            if let exemplar = sample.exemplar { write(exemplar) }
            if let created = sample.created {
                write("\n")
                write(metric.createdName, sample.labels)
                write(created)
            }
        }
        write("\n")
    }

    /// Writes the line that ends a text, if the format has one.
    public mutating func writeEnd() {
        if format == .openMetrics { write("# EOF\n") }
    }

    private mutating func write(_ name: String, _ labels: LabelSet) {
        write(name)
        write(labels.text)
        write(" ")
    }

    private mutating func write(_ exemplar: Exemplar) {
        write(" # ")
        write(exemplar.labels.text)
        write(" 1")
        if let timestamp = exemplar.timestamp {
            write(" ")
            write(timestamp)
        }
    }

    private mutating func write(_ value: SampleValue) {
        switch value {
        case .integer(let value): write(value)
        case .number(let value): write(value)
        }
    }

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func write(_ value: UInt64) {
        guard value > 9 else { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
        let start = bytes.count
        var rest = value
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }

    private mutating func write(_ value: Double) {
        if value.isNaN {
            write("NaN")
        } else if value.isInfinite {
            write(value < 0 ? "-Inf" : "+Inf")
        } else if let integer = Int64(exactly: value), integer.magnitude < 1 << 53 {
            // 1795475406 and not 1795475406.0: shorter, and the form that other exporters use.
            if integer < 0 { write("-") }
            write(integer.magnitude)
        } else {
            write(value.description)
        }
    }
}
