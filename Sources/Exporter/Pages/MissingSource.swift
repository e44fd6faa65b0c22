import AccessScanning

/// The reason why a source cannot be shown: a client may have asked for an outcome, or an origin, that it does not have.
struct MissingSource {
    private let address: SourceAddress
    private let outcome: OutcomeChoice
    private let origin: Origin?
    /// The sources with the address, whatever their outcomes and origins.
    private let tracked: [SourceActivity]

    /// - Parameter now: Seconds since 1970.
    init(_ address: SourceAddress, _ outcome: OutcomeChoice, _ origin: Origin?, in counts: Counts, at now: Double) {
        self.address = address
        self.outcome = outcome
        self.origin = origin
        let selection = SourceSelection(of: counts, outcome: .all, address: address, at: now)
        tracked = selection.entries.sorted { $0.source < $1.source }.map(selection.activity)
    }

    /// The one that has only other outcomes.
    private var other: SourceActivity? { tracked.first { origin == nil || $0.source.origin == origin } }

    /// The reason as a line of text.
    var text: String {
        let source = (origin.map { "\($0.rawValue) " } ?? "") + "source \(address)"
        if let other {
            return "\(source) has no \(outcome.rawValue) requests, but \(requests(of: other)); use outcome=all"
        }
        guard let tracked = tracked.first, let origin else { return "no \(source) is tracked" }
        return "no \(source) is tracked, but a \(tracked.source.origin.rawValue) one; "
            + "use origin=\(origin == .claimed ? "verified" : "claimed")"
    }

    /// The heading of the page.
    var title: String {
        let kind = origin.map { "\($0.rawValue) " } ?? ""
        return outcome == .all ? "No \(kind)source \(address)" : "No \(kind)\(outcome.rawValue) requests of \(address)"
    }

    /// The reason as HTML, with a link to what there is.
    var html: String {
        if let other {
            return """
                <p>It has \(requests(of: other)): <a href="\(link(to: other.source))">requests of all outcomes</a></p>
                """
        }
        if let other = tracked.first?.source {
            return "<p>The address is \(other.origin.rawValue): <a href=\"\(link(to: other))\">its page</a></p>"
        }
        return """
            <p>It made no request that was counted, or it was silent for longer than --source.retention, or it gave way to \
            other sources.</p>
            """
    }

    private func link(to source: Source) -> String { HTML.escape(SourceLink.path(source, from: "..")) }

    /// Such as `3 unauthorized requests and 1 allowed request`.
    private func requests(of activity: SourceActivity) -> String {
        let outcomes = activity.outcomes
        return outcomes.present().map { HTML.count(outcomes[$0], "\($0.rawValue) request") }.joined(separator: " and ")
    }
}
