import AccessScanning

/// The page at `/sources/{src_ip}`: everything that is known of a source.
struct SourcePage {
    let activity: SourceActivity
    /// Whether the same address is tracked with the other origin too.
    let hasOtherOrigin: Bool
    /// The largest number of requests within an hour that is not a scan.
    let threshold: Int
    /// Seconds since 1970.
    let now: Double

    func render() -> String {
        let address = SourceLink.text(source.address)
        return HTML.page(
            title: "\(source.address) – kube-audit-exporter", root: "..",
            main: """
                <h1>\(address)</h1>
                <p>\(SourceLink.badge(source, requestsLastHour, threshold))\
                \(activity.outcomes[.allowed] > 0 ? "\(allowedMark) " : "")<span class="badge">\(source.origin.rawValue)\
                </span> \(HTML.escape(activity.location.text))</p>
                \(explanation)
                <dl class="facts">
                \(facts.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" }.joined(separator: "\n"))
                </dl>
                <h2 id="outcomes">Outcomes</h2>
                \(outcomes)
                <h2 id="hour">Last hour</h2>
                \(HourChart(activity, at: now).render())
                <h2 id="evidence">Evidence</h2>
                <p class="faint">Distinct values of its requests\(chosen), in the order in which they were first seen: the \
                first ones and the newest ones. Clients choose most of them. Invisible characters are shown as escapes. \
                \(hasAllowed ? "The mark “allowed” is at the values of requests that were allowed." : "")</p>
                <div class="evidence">
                \(Evidence.Column.allCases.map(evidence).joined(separator: "\n"))
                </div>
                <h2 id="requests">Last requests</h2>
                \(lastRequests)
                <p><a href="\(HTML.escape(SourceLink.path(source, from: "..", below: "/api/v1/sources", outcome: activity.choice)))">\
                This source as JSON</a></p>
                """)
    }

    private var source: Source { activity.source }
    private var requestsLastHour: UInt64 { activity.requestsLastHour(at: now).sum(activity.choice) }
    private var hasAllowed: Bool { activity.choice != .allowed && activity.outcomes[.allowed] > 0 }
    /// It is red for verified sources only: anyone can claim an address.
    private var allowedMark: String {
        "<span class=\"badge\(source.origin == .verified ? " over" : "")\">allowed</span>"
    }
    private var chosen: String { activity.choice == .all ? "" : " that were \(activity.choice.rawValue)" }

    private var explanation: String {
        let meaning =
            switch (source.address, source.origin) {
            case (.other, _): "All sources without a counter of their own, since there were too many."
            case (.invalid, .verified): "Requests without a source IP, or whose connection had no IP address."
            case (.invalid, .claimed): "Texts that clients sent as their address, and that are no IP address."
            case (.address, .verified): "The address of the connection, or the one that a trusted proxy reported."
            case (.address, .claimed):
                "Clients wrote this address into a header, so it may be forged. The source of the connection is listed "
                    + "on its own."
            }
        guard hasOtherOrigin else { return "<p class=\"faint\">\(meaning)</p>" }
        let isClaimed = source.origin == .claimed
        let other = Source(source.address, isClaimed ? .verified : .claimed)
        let text = isClaimed ? "Requests from this address itself" : "Requests that only claimed this address"
        return """
            <p class="faint">\(meaning)</p>
            <p><a href="\(HTML.escape(SourceLink.path(other, from: "..")))">\(text)</a></p>
            """
    }

    private var facts: [(String, String)] {
        let paths = activity.distinctPaths(at: now)
        return [
            (
                "Requests in the last hour",
                "\(HTML.grouped(requestsLastHour)) <span class=\"faint\">a scan is more than \(threshold)</span>"
            ),
            ("Requests since first seen", HTML.grouped(activity.outcomes.sum(activity.choice))),
            ("Distinct paths in the last hour", paths == RecentPaths.limit ? "\(paths) or more" : "\(paths)"),
            ("First seen", "\(HTML.time(activity.firstSeen, now: now)) \(timeNote)"),
            ("Last seen", "\(HTML.time(activity.lastSeen, now: now)) \(timeNote)"),
        ]
    }

    /// A row for each counter, and links to the page of one outcome.
    private var outcomes: String {
        let rows = activity.counters.map { outcome, counter in
            let total =
                outcome == .allowed ? OutcomeText.allowed(counter.requests, source) : HTML.grouped(counter.requests)
            return """
                <tr><th scope="row">\(OutcomeText.text(outcome, counter.credentials))</th>\
                <td class="n">\(HTML.grouped(counter.requestsLastHour(at: now)))</td><td class="n">\(total)</td>\
                <td class="more">\(HTML.time(counter.firstSeen, now: now, isShort: true))</td>\
                <td>\(HTML.time(counter.lastSeen, now: now, isShort: true))</td></tr>
                """
        }
        return """
            <p class="faint">\(OutcomeText.legend)</p>
            <div class="wide" role="region" aria-label="Table of outcomes" tabindex="0">
            <table>
            <thead><tr><th scope="col">Outcome</th><th scope="col" class="n">Last hour</th>\
            <th scope="col" class="n">Total</th><th scope="col" class="more">First seen</th>\
            <th scope="col">Last seen</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </div>
            \(choices)
            """
    }

    private var choices: String {
        let present = activity.outcomes.present()
        guard present.count > 1 || activity.choice != .all else { return "" }
        let links = OutcomeChoice.allCases.filter { choice in choice == .all || present.contains { choice.includes($0) }
        }
        .map { choice in
            let address = HTML.escape(SourceLink.path(source, from: "..", outcome: choice == .all ? nil : choice))
            let state = choice == activity.choice ? " aria-current=\"page\"" : ""
            return "<a href=\"\(address)\"\(state)>\(choice.rawValue)</a>"
        }
        return "<nav class=\"pages\" aria-label=\"Outcomes to show\"><span>Show</span>\(links.joined())</nav>"
    }

    private var timeNote: String { "<span class=\"faint\">when the exporter read it</span>" }

    private func evidence(_ column: Evidence.Column) -> String {
        let values = activity.values(column)
        let leftOut = activity.profile?.evidence.leftOut(column) ?? 0
        let allowed = hasAllowed ? Set(activity.profile?.evidence.values(column, of: .allowed) ?? []) : []
        let items = values.map { value in
            let mark = allowed.contains(value) ? " \(allowedMark)" : ""
            return "<li><code>\(HTML.escape(value))</code>\(mark)</li>"
        }.joined()
        let list = values.isEmpty ? "<p class=\"faint\">none</p>" : "<ul>\(items)</ul>"
        let rest = leftOut == 0 ? "" : "<p class=\"faint\">\(HTML.count(leftOut, "value")) not kept</p>"
        return
            "<section aria-labelledby=\"\(column.name)\"><h3 id=\"\(column.name)\">\(column.title)</h3>\(list)\(rest)</section>"
    }

    private var lastRequests: String {
        let requests = activity.lastRequests
        guard !requests.isEmpty else { return "<p class=\"faint\">none</p>" }
        let rows = requests.reversed().map { request in
            let id =
                request.auditID.isEmpty
                ? "<span class=\"faint\">none</span>" : "<code>\(HTML.escape(request.auditID))</code>"
            let time = request.received.map { HTML.time($0, now: now) } ?? "<span class=\"faint\">unknown</span>"
            return "<tr><th scope=\"row\">\(id)</th><td>\(time)</td></tr>"
        }
        return """
            <table>
            <caption>Audit IDs of requests of any outcome, by which the audit log can be searched, newest first. A client \
            can choose its audit ID; one that is too long is not kept.</caption>
            <thead><tr><th scope="col">Audit ID</th><th scope="col">Received by the API server</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }
}

extension Evidence.Column {
    /// The heading on a page.
    fileprivate var title: String {
        switch self {
        case .user: "Users"
        case .groups: "Groups"
        case .verb: "Verbs"
        case .requestURI: "Request URIs"
        case .userAgent: "User agents"
        case .responseCode: "Response codes"
        case .responseMessage: "Response messages"
        case .responseReason: "Response reasons"
        case .responseStatus: "Response statuses"
        case .resource: "Resources"
        }
    }
}
