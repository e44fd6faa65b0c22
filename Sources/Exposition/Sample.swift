/// One value of a family, with its labels.
public struct Sample: Sendable, Hashable {
    /// What tells it from the family's other samples.
    public var labels: LabelSet
    /// The value.
    public var value: SampleValue
    /// Counters only: when it began to count, in seconds since 1970. OpenMetrics says so.
    public var created: Double?
    /// Counters only: something that was counted, to look up. OpenMetrics says so.
    public var exemplar: Exemplar?

    /// A sample.
    public init(_ value: SampleValue, labels: LabelSet = .empty, created: Double? = nil, exemplar: Exemplar? = nil) {
        self.labels = labels
        self.value = value
        self.created = created
        self.exemplar = exemplar
    }
}

/// Something that was counted, to be found elsewhere.
public struct Exemplar: Sendable, Hashable {
    /// How many characters the names and values of its labels may have together, as OpenMetrics bounds them.
    public static let characterLimit = 128

    let labels: LabelSet
    let timestamp: Double?

    /// An exemplar of one thing counted; `nil` where its labels are longer than OpenMetrics allows. A shortened ID
    /// would find nothing, and a scraper drops a whole scrape over one that is too long.
    ///
    /// - Parameters:
    ///   - labels: What it is found by.
    ///   - timestamp: When it happened, in seconds since 1970.
    public init?(labels: LabelSet, timestamp: Double? = nil) {
        guard labels.characterCount <= Self.characterLimit else { return nil }
        self.labels = labels
        self.timestamp = timestamp
    }
}
