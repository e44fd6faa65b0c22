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
                <thead><tr><th scope="col">Origin</th><th scope="col" class="n">Sources</th>\
                <th scope="col" class="n">Limit</th><th scope="col" class="n">Requests refused</th></tr></thead>
                <tbody>
                \(Origin.allCases.map { row($0, counts.sources) }.joined(separator: "\n"))
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
        let selection = SourceSelection(of: counts, at: now) { counter, requests in
            requests > 0 && counter.source.address != .other
        }
        guard !selection.entries.isEmpty else { return "<p>No requests in the last hour.</p>" }
        let verified = selection.entries.filter { selection.counters[$0.index].source.origin == .verified }
        let claimed = selection.entries.count - verified.count
        let note =
            claimed == 0
            ? ""
            : "<p>\(HTML.count(claimed, "claimed source")) in the last hour, whose addresses may be forged: "
                + "<a href=\"./sources?origin=claimed\">claimed sources</a></p>"
        guard !verified.isEmpty else { return "<p>No requests of verified sources in the last hour.</p>\(note)" }
        let threshold = counts.sources.limits.threshold
        let rows = verified.prefix(5).map { entry in
            let counter = selection.counters[entry.index]
            let badge = SourceLink.badge(counter, entry.requestsLastHour, threshold)
            return """
                <tr><th scope="row">\(SourceLink.html(counter.source, from: "."))</th>\
                <td class="any">\(HTML.escape(counter.location.text))</td>\
                <td class="n">\(badge)\(HTML.grouped(entry.requestsLastHour))</td></tr>
                """
        }
        return """
            <div class="wide" role="region" aria-label="Table of sources" tabindex="0">
            <table>
            <caption>Verified sources. A scan makes more than \(HTML.count(threshold, "request")) within an hour.</caption>
            <thead><tr><th scope="col">Source</th><th scope="col">Location</th>\
            <th scope="col" class="n">Last hour</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </div>
            \(note)
            """
    }

    private static func row(_ log: LogState) -> String {
        let state = log.problem.map { "<td class=\"bad\">\(HTML.escape($0))</td>" } ?? "<td>read</td>"
        return "<tr><td class=\"any\">\(HTML.escape(log.log))</td>\(state)<td class=\"n\">\(log.unreadBytes)</td></tr>"
    }

    private static func row(_ origin: Origin, _ sources: SourceCounts) -> String {
        """
        <tr><td>\(origin.rawValue)</td><td class="n">\(sources[origin].tracked)</td>\
        <td class="n">\(sources.limits[origin])</td><td class="n">\(sources.requests(of: origin))</td></tr>
        """
    }
}
