import AccessScanning
import AuditSources

/// The page at `/`: links, the state of the logs, and the use of budgets.
enum LandingPage {
    static func render(_ counts: Counts, _ status: Status, telemetryPath: String) -> String {
        // Links are relative, so that they also work behind a proxy that removes a prefix of the path.
        let metrics = HTML.escape(".\(telemetryPath)")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>kube-audit-exporter</title>
            <style>\(style)</style>
            </head>
            <body>
            <h1>kube-audit-exporter</h1>
            <p>Prometheus exporter for unauthenticated scans of a Kubernetes API server, from its audit log.</p>
            <ul>
            <li><a href="\(metrics)">Metrics</a></li>
            <li><a href="./-/healthy">Health</a></li>
            <li><a href="./-/ready">Readiness</a></li>
            </ul>
            <h2>Logs</h2>
            <table>
            <tr><th>Log</th><th>State</th><th class="n">Unread bytes</th></tr>
            \(status.logs.map(row).joined(separator: "\n"))
            </table>
            <h2>Sources</h2>
            <table>
            <tr><th>Origin</th><th class="n">Sources</th><th class="n">Limit</th><th class="n">Requests refused</th></tr>
            \(Origin.allCases.map { row($0, counts.sources) }.joined(separator: "\n"))
            </table>
            <footer>\(HTML.escape(BuildInfo.current.description))</footer>
            </body>
            </html>

            """
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;color:#1c2733;background:#fff;max-width:46rem;margin:3rem auto;\
        padding:0 1rem}h1{margin-bottom:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}table{border-collapse:collapse;\
        width:100%}th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #d8dee6;\
        overflow-wrap:anywhere}.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a4161a}\
        a{color:#0b5cad}footer{margin-top:2.5rem;color:#5b6773;font-size:.85rem}\
        @media(prefers-color-scheme:dark){body{color:#dbe3ec;background:#12181f}th,td{border-color:#2b3641}\
        a{color:#7db7f5}.bad{color:#ff8a8a}footer{color:#8c99a6}}
        """

    private static func row(_ log: LogState) -> String {
        let state = log.problem.map { "<td class=\"bad\">\(HTML.escape($0))</td>" } ?? "<td>read</td>"
        return "<tr><td>\(HTML.escape(log.log))</td>\(state)<td class=\"n\">\(log.unreadBytes)</td></tr>"
    }

    private static func row(_ origin: Origin, _ sources: SourceCounts) -> String {
        """
        <tr><td>\(origin.rawValue)</td><td class="n">\(sources[origin].tracked)</td>\
        <td class="n">\(sources.limits[origin])</td><td class="n">\(sources.requests(of: origin))</td></tr>
        """
    }
}

/// Text made safe for a page, between tags or in a quoted attribute.
enum HTML {
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
