import AccessScanning

/// A request to the API server, and its expected counts.
struct PlannedRequest: Sendable {
    /// The text of its events, in the order of its stages.
    let events: [String]
    /// One more event, which may arrive later and changes no count.
    var later: String?
    /// The sources for which it counts once; empty if it does not count.
    let sources: [CountedSource]
    /// The values that the exporter keeps with its sources, by the column's name; empty if it does not count.
    var values: [String: String] = [:]
    /// What became of it.
    var outcome = Outcome.forbidden
    /// Whether the exporter reads it after all earlier requests of its sources.
    var isOrdered = false
}
