import AccessScanning
import AuditSources

/// The page at `/`: the most active sources, the state of the logs, the use of budgets, and links.
enum LandingPage {
    /// - Parameter now: Seconds since 1970.
    static func render(_ counts: Counts, _ status: Status, telemetryPath: String, at now: Double) -> String {
        // Links are relative, so that they also work behind a proxy that removes a prefix of the path.
        let metrics = HTML.attribute(".\(telemetryPath)")
        return HTML.page(
            title: "kube-audit-exporter", root: ".",
            main: """
                <h1>kube-audit-exporter</h1>
                <p>Prometheus exporter for unauthenticated scans of a Kubernetes API server, from its audit log.</p>
                <h2>Most requests in the last hour</h2>
                \(allowed(counts, at: now))
                \(mostActive(counts, at: now))
                <p><a href="./sources">All sources</a></p>
                <h2>Logs</h2>
                <div class="wide" role="region" aria-label="Table of logs" tabindex="0">
                <table>
                <thead><tr><th scope="col">Log</th><th scope="col">State</th>\
                <th scope="col" class="n">Unread bytes</th></tr></thead>
                <tbody>
                \(status.logs.map(row).joined(separator: "\n"))
                </tbody>
                </table>
                </div>
                <h2>Budgets</h2>
                <div class="wide" role="region" aria-label="Table of budgets" tabindex="0">
                <table>
                <caption>Counters, requests since the exporter first ran, and how many counters are kept.</caption>
                <thead><tr><th scope="col">Outcome</th><th scope="col">Origin</th><th scope="col" class="n">Counters</th>\
                <th scope="col" class="n">Limit</th><th scope="col" class="n">Requests</th></tr></thead>
                <tbody>
                \(counts.analytics.flatMap { counts in Origin.allCases.map { row($0, counts) } }.joined(separator: "\n"))
                </tbody>
                </table>
                </div>
                <h2>Exporter</h2>
                <ul>
                <li><a href="\(metrics)">Metrics</a></li>
                <li><a href=".\(SourcesAPI.path)">Sources as JSON</a></li>
                <li><a href="./-/healthy">Health</a></li>
                <li><a href="./-/ready">Readiness</a></li>
                </ul>
                """)
    }

    /// The five verified sources with the most requests within the last hour. Claimed ones have a link only: a client
    /// that forges addresses could otherwise displace the sources that scan.
    private static func mostActive(_ counts: Counts, at now: Double) -> String {
        let selection = SourceSelection(of: counts, outcome: .all, at: now) { activity, requests in
            requests > 0 && activity.source.address != .other
        }
        guard !selection.entries.isEmpty else { return "<p>No requests in the last hour.</p>" }
        let verified = selection.entries.filter { $0.source.origin == .verified }
        let claimed = selection.entries.count - verified.count
        let note =
            claimed == 0
            ? ""
            : "<p>\(HTML.count(claimed, "claimed source")) in the last hour, whose addresses may be forged: "
                + "<a href=\"./sources?origin=claimed\">claimed sources</a></p>"
        guard !verified.isEmpty else { return "<p>No requests of verified sources in the last hour.</p>\(note)" }
        let threshold = counts.sources.limits.threshold
        let rows = verified.prefix(5).map { entry in
            let activity = selection.activity(of: entry)
            let badge = SourceLink.badge(entry.source, entry.requestsLastHour, threshold)
            let requests = activity.requestsLastHour(at: now)
            return """
                <tr><th scope="row">\(SourceLink.html(entry.source, from: "."))</th>\
                <td class="any more">\(HTML.escape(activity.location.text))</td>\
                <td class="n">\(badge)\(HTML.grouped(entry.requestsLastHour))</td>\
                <td class="n more">\(HTML.grouped(requests[.forbidden]))</td>\
                <td class="n more">\(HTML.grouped(requests[.unauthorized]))</td>\
                <td class="n">\(OutcomeText.allowed(requests[.allowed], entry.source))</td></tr>
                """
        }
        return """
            <p class="faint">\(OutcomeText.legend)</p>
            <div class="wide" role="region" aria-label="Table of sources" tabindex="0">
            <table>
            <caption>Verified sources. A scan makes more than \(HTML.count(threshold, "request")) within an hour.</caption>
            <thead><tr><th scope="col">Source</th><th scope="col" class="more">Location</th>\
            <th scope="col" class="n">Last hour</th><th scope="col" class="n more">Forbidden</th>\
            <th scope="col" class="n more">Unauthorized</th><th scope="col" class="n">Allowed</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </div>
            \(note)
            """
    }

    /// Something is open to everyone if a request was allowed: the sources of such requests have a link of their own. Each
    /// request has one verified source, so that claimed ones add none.
    private static func allowed(_ counts: Counts, at now: Double) -> String {
        let selection = SourceSelection(of: counts, outcome: .allowed, at: now) { activity, requests in
            activity.source.origin == .verified && requests > 0
        }
        guard !selection.entries.isEmpty else { return "" }
        let requests = selection.entries.reduce(UInt64(0)) { $0 &+ $1.requestsLastHour }
        return """
            <p><span class="badge over">allowed</span> \(HTML.count(requests, "request")) without credentials \
            \(requests == 1 ? "was" : "were") allowed in the last hour: \
            <a href="./sources?outcome=allowed&amp;origin=verified">\(HTML.count(selection.entries.count, "source"))</a></p>
            """
    }

    private static func row(_ log: LogState) -> String {
        let state = log.problem.map { "<td class=\"bad\">\(HTML.escape($0))</td>" } ?? "<td>read</td>"
        return "<tr><td class=\"any\">\(HTML.escape(log.log))</td>\(state)<td class=\"n\">\(log.unreadBytes)</td></tr>"
    }

    private static func row(_ origin: Origin, _ counts: AnalyticCounts) -> String {
        let sources = counts.sources
        return """
            <tr><td>\(counts.analytic.outcome.rawValue)</td><td>\(origin.rawValue)</td>\
            <td class="n">\(HTML.grouped(sources[origin].tracked))</td>\
            <td class="n">\(HTML.grouped(sources.limits[origin]))</td>\
            <td class="n">\(HTML.grouped(sources.requests(of: origin)))</td></tr>
            """
    }
}
