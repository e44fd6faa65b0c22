import AccessScanning

/// The page at `/sources`: all sources, in pages of bounded size.
struct SourcesPage {
    /// Rows of a page.
    static let rows = 200

    let query: SourcesQuery
    let selection: SourceSelection
    /// The largest number of requests within an hour that is not a scan.
    let threshold: Int

    init(_ query: SourcesQuery, of counts: Counts, at now: Double) {
        self.query = query
        selection = query.selection(of: counts, at: now)
        threshold = counts.sources.limits.threshold
    }

    func render() -> String {
        HTML.page(
            title: "Sources – kube-audit-exporter", root: ".", runsScript: true,
            main: """
                <h1>Sources</h1>
                <p>Requests to the Kubernetes API server without accepted credentials, by source. \(OutcomeText.legend)</p>
                <p class="faint">Threshold of a scan: more than \(HTML.count(threshold, "request")) within an hour \
                (<code>--source.threshold</code>). <span id="audit-id-note">Only the last \(SourceProfile.requestLimit) \
                requests of a source can be found by audit ID.</span></p>
                \(form)
                <p id="summary" role="status">\(summary)</p>
                \(results)
                """)
    }

    // MARK: Search

    private var form: String {
        let origins = Origin.allCases.map { origin in
            "<option value=\"\(origin.rawValue)\"\(query.origin == origin ? " selected" : "")>\(origin.rawValue)</option>"
        }
        let outcomes = Outcome.allCases.map { outcome in
            let isChosen = query.outcome.rawValue == outcome.rawValue
            return "<option value=\"\(outcome.rawValue)\"\(isChosen ? " selected" : "")>\(outcome.rawValue)</option>"
        }
        // A threshold of an address that someone followed stays as it is.
        let over = query.threshold ?? threshold
        return """
            <form role="search" method="get" action="sources">
            <label class="grow">Search <input type="search" name="q" value="\(HTML.attribute(query.text ?? ""))" \
            placeholder="Address, place, path, user agent"></label>
            <label class="grow">Audit ID <input name="audit_id" value="\(HTML.attribute(query.auditID ?? ""))" \
            autocomplete="off" spellcheck="false" aria-describedby="audit-id-note"></label>
            <label>Outcome <select name="outcome"><option value="">all</option>\(outcomes.joined())</select></label>
            <label>Origin <select name="origin"><option value="">all</option>\(origins.joined())</select></label>
            <label class="check"><input type="checkbox" name="threshold" value="\(over)"\
            \(query.threshold == nil ? "" : " checked")> Over \(over) in the last hour</label>
            <input type="hidden" name="sort" value="\(query.sort.rawValue)">
            <input type="hidden" name="order" value="\(query.order.rawValue)">
            <button>Show</button>
            </form>
            """
    }

    private var summary: String {
        let total = selection.entries.count
        guard total > 0 else {
            if query.auditID != nil {
                return """
                    No source has this audit ID among its last \(SourceProfile.requestLimit) requests. \
                    The audit log has the others.
                    """
            }
            return query.isFiltered ? "No source matches." : "No source has been counted yet."
        }
        let shown =
            range.count < total
            ? ", \(HTML.grouped(range.lowerBound + 1)) to \(HTML.grouped(range.upperBound)) shown" : ""
        return HTML.count(total, "source") + shown + "."
    }

    // MARK: Results

    private var pageCount: Int { max(1, (selection.entries.count + Self.rows - 1) / Self.rows) }
    /// A page past the end is the last one.
    private var page: Int { min(query.page, pageCount) }

    private var range: Range<Int> {
        (page - 1) * Self.rows..<min(page * Self.rows, selection.entries.count)
    }

    private var results: String {
        guard !selection.entries.isEmpty else { return "<div id=\"results\"></div>" }
        let columns: [(title: String, sort: SourcesQuery.Sort?, style: String)] = [
            ("Source", .address, ""), ("Location", .location, "more"), ("Origin", nil, ""),
            ("Last hour", .requests, "n"), ("Forbidden", .forbidden, "n more"),
            ("Unauthorized", .unauthorized, "n more"), ("Allowed", .allowed, "n"), ("Paths", .paths, "n extra"),
            ("First seen", .first, "extra"), ("Last seen", .last, "more"), ("User agent", nil, "extra"),
        ]
        return """
            <div id="results">
            <div class="wide" role="region" aria-label="Table of sources" tabindex="0">
            <table>
            <caption>At \(UTCTime(selection.now).short) UTC. “Forbidden”, “Unauthorized” and “Allowed” are all requests \
            since the source was first seen. “Paths” are the distinct paths of the last hour. “First seen” and “Last seen” \
            are when the exporter read a request.</caption>
            <thead><tr>\(columns.map(head).joined())</tr></thead>
            <tbody>
            \(selection.entries[range].map(row).joined(separator: "\n"))
            </tbody>
            </table>
            </div>
            \(pages)
            </div>
            """
    }

    private func head(_ title: String, _ sort: SourcesQuery.Sort?, _ style: String) -> String {
        let style = style.isEmpty ? "" : " class=\"\(style)\""
        guard let sort else { return "<th scope=\"col\"\(style)>\(title)</th>" }
        let isSorted = query.sort == sort
        let direction = query.order == .ascending ? "ascending" : "descending"
        let arrow = isSorted ? "<span aria-hidden=\"true\"> \(query.order == .ascending ? "▲" : "▼")</span>" : ""
        let state = isSorted ? " aria-sort=\"\(direction)\"" : ""
        let link = HTML.escape(query.sorted(by: sort).link)
        return """
            <th scope="col"\(style)\(state)><a href="\(link)" data-column="\(sort.rawValue)">\(title)\(arrow)</a></th>
            """
    }

    private func row(_ entry: SourceSelection.Entry) -> String {
        let activity = selection.activity(of: entry)
        let source = activity.source
        let now = selection.now
        let paths = activity.distinctPaths(at: now)
        let agents = activity.values(.userAgent)
        let more = agents.count > 1 ? " <span class=\"faint\">+\(agents.count - 1)</span>" : ""
        let counts = activity.outcomes
        return """
            <tr><th scope="row">\(SourceLink.html(source, from: "."))</th>\
            <td class="any more">\(HTML.escape(activity.location.text))</td>\
            <td>\(source.origin.rawValue)</td>\
            <td class="n">\(SourceLink.badge(source, entry.requestsLastHour, threshold))\(HTML.grouped(entry.requestsLastHour))</td>\
            <td class="n more">\(HTML.grouped(counts[.forbidden]))</td>\
            <td class="n more">\(HTML.grouped(counts[.unauthorized]))</td>\
            <td class="n">\(OutcomeText.allowed(counts[.allowed], source))</td>\
            <td class="n extra">\(paths)\(paths == RecentPaths.limit ? "+" : "")</td>\
            <td class="extra">\(HTML.time(activity.firstSeen, now: now, isShort: true))</td>\
            <td class="more">\(HTML.time(activity.lastSeen, now: now, isShort: true))</td>\
            <td class="agent extra">\(agents.first.map { "<code>\(HTML.escape($0))</code>" } ?? "")\(more)</td></tr>
            """
    }

    private var pages: String {
        guard pageCount > 1 else { return "" }
        let link = { (page: Int, text: String, relation: String) in
            "<a href=\"\(HTML.escape(query.at(page: page).link))\" rel=\"\(relation)\">\(text)</a>"
        }
        return """
            <nav class="pages" aria-label="Pages of the list">\
            \(page > 1 ? link(page - 1, "Previous", "prev") : "")<span>Page \(page) of \(pageCount)</span>\
            \(page < pageCount ? link(page + 1, "Next", "next") : "")</nav>
            """
    }
}
