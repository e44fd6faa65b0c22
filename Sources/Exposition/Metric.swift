/// The declaration of a metric: everything that its samples have in common. Each metric is declared once, where its
/// values are collected.
///
/// ```swift
/// static let lines = Metric("kube_audit_lines_total", .counter, "Lines read.", labels: ["input"])
/// let family = MetricFamily(lines, [lines.sample(12, "file"), lines.sample(0, "webhook")])
/// ```
public struct Metric: Sendable, Hashable {
    /// The metric types in use.
    public enum Kind: String, Sendable, Hashable {
        /// Only rises, except when the exporter restarts.
        case counter
        /// Rises and falls.
        case gauge
    }

    /// The name of its samples; a counter's ends with `_total`.
    public let name: String
    /// Its type.
    public let kind: Kind
    /// Its meaning in one sentence, as plain text.
    public let help: String
    /// The names of its labels.
    public let labels: LabelNames
    /// More for the documentation than `help` says, as Markdown.
    public let details: String?
    /// The condition under which it is exposed, such as "with TLS"; `nil` where it always is.
    public let condition: String?

    // The name of the family in OpenMetrics, and of its creation times.
    let baseName: String
    let createdName: String
    // The lines before the samples, which each scrape writes.
    let head: String
    let openMetricsHead: String

    /// A metric. A name that Prometheus does not allow is a programming error, and so is a counter without `_total`.
    public init(
        _ name: String, _ kind: Kind, _ help: String, labels: [String] = [], details: String? = nil,
        condition: String? = nil
    ) {
        precondition(Self.isValid(name: name), "\(name) is not a metric name")
        precondition(kind != .counter || name.hasSuffix("_total"), "the counter \(name) must end with _total")
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = LabelNames(labels)
        self.details = details
        self.condition = condition
        baseName = kind == .counter ? String(name.dropLast("_total".count)) : name
        createdName = baseName + "_created"
        head = Self.head(of: name, kind, Escape.help(help, in: .text))
        let unit = ["seconds", "bytes"].first { [baseName] in baseName.hasSuffix("_\($0)") }
        openMetricsHead =
            Self.head(of: baseName, kind, Escape.help(help, in: .openMetrics))
            + (unit.map { [baseName] unit in "# UNIT \(baseName) \(unit)\n" } ?? "")
    }

    /// A sample with these label values, one for each label name.
    public func sample(_ value: SampleValue, _ labels: String...) -> Sample {
        Sample(value, labels: LabelSet(self.labels, labels))
    }

    private static func head(of name: String, _ kind: Kind, _ help: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private static func isValid(name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") || $0.isASCIILetterOrDigit }
    }
}

/// A metric with its samples.
public struct MetricFamily: Sendable, Hashable {
    /// The metric.
    public let metric: Metric
    /// Its samples, in the order in which they are written; no two with the same labels.
    public var samples: [Sample]

    /// A family.
    public init(_ metric: Metric, _ samples: [Sample]) {
        self.metric = metric
        self.samples = samples
    }

    /// The family of a metric without labels; without samples where there is no value.
    public init(_ metric: Metric, _ value: SampleValue?) {
        self.init(metric, value.map { [Sample($0)] } ?? [])
    }
}

/// One value of a metric, with its labels.
public struct Sample: Sendable, Hashable {
    /// What distinguishes it from the metric's other samples.
    public var labels: LabelSet
    /// The value.
    public var value: SampleValue
    /// Counters only: when it began to count, in seconds since 1970. Only OpenMetrics shows it.
    public var created: Double?
    /// Counters only: a recent event that was counted. Only OpenMetrics shows it.
    public var exemplar: Exemplar?

    /// A sample.
    public init(_ value: SampleValue, labels: LabelSet = .empty, created: Double? = nil, exemplar: Exemplar? = nil) {
        self.labels = labels
        self.value = value
        self.created = created
        self.exemplar = exemplar
    }
}

/// The value of a sample: an exact integer, or a floating-point number.
public enum SampleValue: Sendable, Hashable {
    /// Written with all its digits.
    case integer(UInt64)
    /// Written with the fewest digits that give it back.
    case number(Double)
}

extension SampleValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// An exact integer.
    public init(integerLiteral value: UInt64) { self = .integer(value) }

    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }

    /// 1 if true, 0 if false.
    public init(_ flag: Bool) { self = flag ? 1 : 0 }

    /// An exact integer; zero for a negative one.
    public init(_ count: Int) { self = .integer(UInt64(max(0, count))) }
}

/// One counted event, by which it can be found elsewhere.
public struct Exemplar: Sendable, Hashable {
    /// The limit of OpenMetrics for the characters of an exemplar's label names and values together.
    public static let characterLimit = 128

    let labels: LabelSet
    let timestamp: Double?

    /// An exemplar; `nil` if its labels are longer than OpenMetrics allows. A shortened ID would find nothing, and a
    /// scraper rejects the whole scrape if one is too long.
    ///
    /// - Parameters:
    ///   - labels: Identify the event.
    ///   - timestamp: When it happened, in seconds since 1970.
    public init?(labels: LabelSet, timestamp: Double? = nil) {
        guard labels.characterCount <= Self.characterLimit else { return nil }
        self.labels = labels
        self.timestamp = timestamp
    }
}
