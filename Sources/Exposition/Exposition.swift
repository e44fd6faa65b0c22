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
    public internal(set) var bytes: [UInt8] {
        get { values.bytes }
        _modify { yield &values.bytes }
    }

    let format: ExpositionFormat

    /// The text, and the labels of the sample that is being written.
    var values = LabelValues()
    // The number that was written last, and its place: counters that were created together have equal times.
    private var lastNumber: (bits: UInt64, place: Range<Int>)?

    /// An empty text.
    ///
    /// - Parameter capacity: The expected size in bytes, for which memory is reserved.
    public init(_ format: ExpositionFormat, capacity: Int = 0) {
        self.format = format
        bytes.reserveCapacity(capacity)
    }

    /// Takes the text so far, in as much memory as it needs. Later writes begin a new text, which reuses the capacity.
    public mutating func take() -> [UInt8] {
        defer {
            bytes.removeAll(keepingCapacity: true)
            lastNumber = nil
        }
        return Array(bytes[...])
    }

    mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }

    /// Writes a metric's head and its samples.
    public mutating func write(_ family: MetricFamily) {
        writeHead(of: family.metric)
        for sample in family.samples { write(sample, of: family.metric) }
    }

    /// Writes the lines before a metric's samples.
    public mutating func writeHead(of metric: Metric) {
        write(format == .openMetrics ? metric.openMetricsHead : metric.head)
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

    mutating func write(_ value: SampleValue) {
        switch value {
        case .integer(let value): write(value)
        case .number(let value): write(value)
        }
    }

    mutating func write(_ text: String) {
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
        // Equal bits: zero and minus zero differ.
        if let lastNumber, lastNumber.bits == value.bitPattern {
            // One by one: a slice would share the text, which would be copied then.
            for index in lastNumber.place { bytes.append(bytes[index]) }
            return
        }
        let start = bytes.count
        writeDigits(of: value)
        lastNumber = (value.bitPattern, start..<bytes.count)
    }

    private mutating func writeDigits(of value: Double) {
        if value.isNaN {
            write("NaN")
        } else if value.isInfinite {
            write(value < 0 ? "-Inf" : "+Inf")
        } else if let integer = Int64(exactly: value), integer.magnitude < 1 << 53 {
            // 1795475406 and not 1795475406.0: shorter, and the form that other exporters use.
            if integer < 0 { write("-") }
            write(integer.magnitude)
        } else if !writeMicroseconds(of: value) {
            write(value.description)
        }
    }

    /// Writes a time with whole microseconds, which gives the same digits as `description` in a fraction of the time.
    ///
    /// - Returns: False if the number is no such time, and nothing is written.
    private mutating func writeMicroseconds(of value: Double) -> Bool {
        // From 2^20 on, so that `description` has no exponent, up to 2^32: two neighbouring numbers differ by less than a
        // microsecond there, so there are no shorter digits for the same number.
        guard value >= 0x1p20, value < 0x1p32 else { return false }
        let microseconds = (value * 1_000_000).rounded()
        // Exact below 2^53, and so the division gives the number that is nearest to these digits.
        guard microseconds / 1_000_000 == value else { return false }
        write(UInt64(microseconds) / 1_000_000)
        bytes.append(UInt8(ascii: "."))
        var fraction = UInt64(microseconds) % 1_000_000
        var digit: UInt64 = 100_000
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / digit))
            fraction %= digit
            digit /= 10
        } while fraction > 0
        return true
    }
}
