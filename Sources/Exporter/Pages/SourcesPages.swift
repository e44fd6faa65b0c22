import AccessScanning
import HTTPServing

/// `/sources` and `/sources/{src_ip}`. The pages show the published counts and need no JavaScript.
struct SourcesPages: Sendable {
    /// The path of the list; that of a source continues with a slash and the address.
    static let path = "/sources"

    /// The published counts.
    let counts: Published<Counts>
    /// Seconds since 1970.
    let now: @Sendable () -> Double

    private let searches = SourceSearches()

    init(counts: Published<Counts>, now: @escaping @Sendable () -> Double) {
        self.counts = counts
        self.now = now
    }

    /// Adds the routes.
    func add(to routes: inout Routes) {
        PageAssets.add(to: &routes)
        routes.onWaiting("GET", Self.path) { request in
            let response = await searches.response {
                Self.answer(root: ".") { () throws(InvalidParameter) in try list(request.query) }
            }
            if let response { return response }
            var refusal = Self.refusal(
                "Too many searches", "Other searches are waiting. Try again in a second.", root: ".", status: 503)
            refusal.headers["Retry-After"] = "1"
            return refusal
        }
        routes.on("GET", Self.path + "/") { request in
            let fields = (request.query.parameters ?? []).map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
            let query = fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
            return HTTPResponse(status: 302, headers: ["Location": "../sources\(query)"], body: [])
        }
        routes.onPrefix("GET", Self.path + "/") { request in
            Self.answer(root: "..") { () throws(InvalidParameter) in try source(request) }
        }
    }

    private func list(_ query: HTTPQuery) throws(InvalidParameter) -> HTTPResponse {
        .html(SourcesPage(try SourcesQuery(query), of: counts.current, at: now()).render())
    }

    private func source(_ request: HTTPRequest) throws(InvalidParameter) -> HTTPResponse {
        let outcome = try request.query.choice("outcome", OutcomeChoice.self) ?? .all
        let origin = try request.query.choice("origin", Origin.self)
        let text = String(request.path.dropFirst(Self.path.count + 1))
        guard let address = SourceAddress(text) else {
            throw .address(text)
        }
        let counts = counts.current
        let now = now()
        // The verified one is the first.
        let found = SourceSelection(of: counts, outcome: outcome, address: address, at: now)
        let entries = found.entries.sorted { $0.source < $1.source }
        guard let entry = entries.first(where: { origin == nil || $0.source.origin == origin }) else {
            let kind = [origin?.rawValue, outcome == .all ? nil : outcome.rawValue].compactMap { $0.map { "\($0) " } }
            return Self.refusal(
                outcome == .all
                    ? "No \(kind.joined())source \(address)" : "No \(kind.joined())requests of \(address)",
                "It made no request that was counted, or it was silent for longer than --source.retention, or it gave "
                    + "way to other sources.", root: "..", status: 404)
        }
        return .html(
            SourcePage(
                activity: found.activity(of: entry), hasOtherOrigin: entries.count > 1,
                threshold: counts.sources.limits.threshold, now: now
            ).render())
    }

    private static func answer(
        root: String, with handle: () throws(InvalidParameter) -> HTTPResponse
    ) -> HTTPResponse {
        do throws(InvalidParameter) { return try handle() } catch {
            return refusal(error.heading, error.description, root: root, status: 400)
        }
    }

    private static func refusal(_ title: String, _ reason: String, root: String, status: Int) -> HTTPResponse {
        .html(
            HTML.page(
                title: "\(title) – kube-audit-exporter", root: root,
                main: """
                    <h1>\(HTML.escape(title))</h1>
                    <p>\(HTML.escapeMarkup(reason))</p>
                    <p><a href="\(root)/sources">All sources</a></p>
                    """), status: status)
    }
}
