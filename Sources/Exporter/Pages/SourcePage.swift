import AccessScanning

/// The page at `/sources/{src_ip}`: everything that is known of a source.
struct SourcePage {
    let counter: SourceCounter
    /// What is kept of its requests; `nil` if it gave way to that of other sources.
    let profile: SourceProfile?
    /// Whether the same address is tracked with the other origin too.
    let hasOtherOrigin: Bool
    /// The largest number of requests within an hour that is not a scan.
    let threshold: Int
    /// Seconds since 1970.
    let now: Double

    func render() -> String {
        let address = SourceLink.text(counter.source.address)
        return HTML.page(
            title: "\(counter.source.address) – kube-audit-exporter", root: "..",
            main: """
                <h1>\(address)</h1>
                <p>\(SourceLink.badge(counter, requestsLastHour, threshold))<span class="badge">\(counter.source.origin.rawValue)\
                </span> \(HTML.escape(counter.location.text))</p>
                \(explanation)
                <dl class="facts">
                \(facts.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" }.joined(separator: "\n"))
                </dl>
                <h2 id="hour">Last hour</h2>
                \(HourChart(counter, at: now).render())
                <h2 id="evidence">Evidence</h2>
                <p class="faint">Distinct values of its requests since it was first seen, in the order in which they were \
                first seen. Clients choose most of them. Invisible characters are shown as escapes.</p>
                <div class="evidence">
                \(Evidence.Column.allCases.map(evidence).joined(separator: "\n"))
                </div>
                <h2 id="requests">Last requests</h2>
                \(lastRequests)
                <p><a href="\(HTML.escape(SourceLink.path(counter.source, from: "..", below: "/api/v1/sources")))">\
                This source as JSON</a></p>
                """)
    }

    private var requestsLastHour: UInt64 { counter.requestsLastHour(at: now) }

    private var explanation: String {
        let meaning =
            switch (counter.source.address, counter.source.origin) {
            case (.other, _): "All sources without a counter of their own, since there were too many."
            case (.invalid, .verified): "Requests without a source IP, or whose connection had no IP address."
            case (.invalid, .claimed): "Texts that clients sent as their address, and that are no IP address."
            case (.address, .verified): "The address of the connection, or the one that a trusted proxy reported."
            case (.address, .claimed):
                "Clients wrote this address into a header, so it may be forged. The source of the connection is listed "
                    + "on its own."
            }
        guard hasOtherOrigin else { return "<p class=\"faint\">\(meaning)</p>" }
        let isClaimed = counter.source.origin == .claimed
        let other = Source(counter.source.address, isClaimed ? .verified : .claimed)
        let text = isClaimed ? "Requests from this address itself" : "Requests that only claimed this address"
        return """
            <p class="faint">\(meaning)</p>
            <p><a href="\(HTML.escape(SourceLink.path(other, from: "..")))">\(text)</a></p>
            """
    }

    private var facts: [(String, String)] {
        let paths = profile?.paths.count(at: now) ?? 0
        return [
            (
                "Requests in the last hour",
                "\(HTML.grouped(requestsLastHour)) <span class=\"faint\">a scan is more than \(threshold)</span>"
            ),
            ("Requests since first seen", HTML.grouped(counter.requests)),
            ("Distinct paths in the last hour", paths == RecentPaths.limit ? "\(paths) or more" : "\(paths)"),
            ("First seen", "\(HTML.time(counter.firstSeen, now: now)) \(timeNote)"),
            ("Last seen", "\(HTML.time(counter.lastSeen, now: now)) \(timeNote)"),
        ]
    }

    private var timeNote: String { "<span class=\"faint\">when the exporter read it</span>" }

    private func evidence(_ column: Evidence.Column) -> String {
        let values = profile?.evidence.values(column) ?? []
        let leftOut = profile?.evidence.leftOut(column) ?? 0
        let items = values.map { "<li><code>\(HTML.escape($0))</code></li>" }.joined()
        let list = values.isEmpty ? "<p class=\"faint\">none</p>" : "<ul>\(items)</ul>"
        let rest = leftOut == 0 ? "" : "<p class=\"faint\">\(HTML.count(leftOut, "value")) not kept</p>"
        return
            "<section aria-labelledby=\"\(column.name)\"><h3 id=\"\(column.name)\">\(column.title)</h3>\(list)\(rest)</section>"
    }

    private var lastRequests: String {
        let requests = profile?.lastRequests ?? []
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
            <caption>Audit IDs, by which the audit log can be searched, newest first. A client can choose its audit ID; \
            one that is too long is not kept.</caption>
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
