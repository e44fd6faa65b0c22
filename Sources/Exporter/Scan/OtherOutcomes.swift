import AccessScanning

/// The sources that another `--outcome` would print.
struct OtherOutcomes {
    /// The sources over the threshold of an outcome.
    private struct Finding {
        let outcome: Outcome
        var requests = 0
        var sources = 0
        /// Whether all of the sources are claimed.
        var isClaimed = false
    }

    private let findings: [Finding]
    private let isAllNeeded: Bool

    /// - Parameter requests: Those of the outcomes that were not asked for.
    init(in requests: RequestCollection, _ configuration: ScanConfiguration) {
        let analytics = requests.analytics
        let sources = analytics.isEmpty ? [] : requests.sources(within: configuration.window)
        // What is open matters most.
        findings = analytics.indices.reversed().compactMap { index in
            let outcome = analytics[index].outcome
            let over = sources.filter { $0.counts[index] > configuration.threshold(of: analytics[index]) }
            // A request counts for its verified source, and again for each address that it claimed.
            let verified = over.filter { $0.source.origin == .verified }
            let shown = verified.isEmpty ? over : verified
            guard !shown.isEmpty else { return nil }
            return Finding(
                outcome: outcome, requests: shown.reduce(0) { $0 + $1.counts[index] }, sources: shown.count,
                isClaimed: verified.isEmpty)
        }
        isAllNeeded = findings.count > 1
    }

    /// What the result does not show, such as `the logs also have 5 allowed requests from 4 sources; --outcome allowed lists
    /// them`; `nil` if it shows all.
    var text: String? {
        guard let first = findings.first else { return nil }
        let parts = findings.enumerated().map { place, finding in
            let noun = place == 0 ? "request" : "one"
            let source = finding.isClaimed ? "claimed source" : "source"
            return "\(finding.requests) \(finding.outcome.rawValue) \(noun)\(finding.requests == 1 ? "" : "s") from "
                + "\(finding.sources) \(source)\(finding.sources == 1 ? "" : "s")"
        }
        let choice = isAllNeeded ? OutcomeChoice.all.rawValue : first.outcome.rawValue
        return "the logs also have \(parts.joined(separator: " and ")); --outcome \(choice) lists them"
    }
}
