/// A request to the API server, and what must become of it.
struct PlannedRequest: Sendable {
    /// Its events, the text of each in the order of its stages.
    let events: [String]
    /// One more, which may come later and changes no count.
    var later: String?
    /// The sources for each of which it counts once; none where it does not count.
    let sources: [CountedSource]
}
