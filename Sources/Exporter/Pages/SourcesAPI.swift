import AccessScanning
import HTTPServing

/// `/api/v1/sources` and `/api/v1/sources/{src_ip}`: sources as JSON, in the envelope of Prometheus' API.
struct SourcesAPI: Sendable {
    /// The path of the list; that of a source continues with a slash and the address.
    static let path = "/api/v1/sources"

    /// The published counts.
    let counts: Published<Counts>
    /// Seconds since 1970.
    let now: @Sendable () -> Double

    /// Adds the routes.
    func add(to routes: inout Routes) {
        for path in [Self.path, Self.path + "/"] {
            routes.onWaiting("GET", path) { request in
                await SourceLists.response {
                    Self.answer(request) { () throws(InvalidParameter) in try list(request.query) }
                }
            }
        }
        routes.onPrefix("GET", Self.path + "/") { request in
            Self.answer(request) { () throws(InvalidParameter) in try source(request) }
        }
    }

    private func list(_ query: HTTPQuery) throws(InvalidParameter) -> HTTPResponse {
        let outcome = try query.choice("outcome", OutcomeChoice.self) ?? .forbidden
        let origin = try query.choice("origin", Origin.self)
        let threshold = try query.number("threshold")
        let limit = try query.number("limit") ?? 0
        var selection = SourceSelection(of: counts.current, outcome: outcome, at: now()) { activity, requests in
            (origin.map { activity.source.origin == $0 } ?? true)
                && (threshold.map { activity.source.isOver($0, requests) } ?? true)
        }
        // As in Prometheus' API, zero means no limit.
        if limit > 0 { selection.entries = Array(selection.entries.prefix(limit)) }
        return Self.success(selection)
    }

    private func source(_ request: HTTPRequest) throws(InvalidParameter) -> HTTPResponse {
        let outcome = try request.query.choice("outcome", OutcomeChoice.self) ?? .forbidden
        let origin = try request.query.choice("origin", Origin.self)
        let text = String(request.path.dropFirst(Self.path.count + 1))
        guard let address = SourceAddress(text) else {
            throw .address(text)
        }
        var selection = SourceSelection(
            of: counts.current, outcome: outcome, address: address, at: now()
        ) { activity, _ in
            origin.map { activity.source.origin == $0 } ?? true
        }
        selection.entries.sort { $0.source < $1.source }
        guard !selection.entries.isEmpty else {
            return Self.error("not_found", "no source \(address) is tracked", status: 404)
        }
        return Self.success(selection)
    }

    // MARK: Answers

    private static let headers = ["Content-Type": "application/json", "Cache-Control": "no-store"]

    private static func answer(
        _ request: HTTPRequest, with handle: () throws(InvalidParameter) -> HTTPResponse
    ) -> HTTPResponse {
        guard request.query.parameters != nil else {
            return error("bad_data", InvalidParameter.query.description)
        }
        do throws(InvalidParameter) { return try handle() } catch { return Self.error("bad_data", error.description) }
    }

    private static func error(_ type: String, _ message: String, status: Int = 400) -> HTTPResponse {
        var json = JSONText()
        json.object { json in
            for (key, value) in [("status", "error"), ("errorType", type), ("error", message)] {
                json.key(key)
                json.string(value)
            }
        }
        return HTTPResponse(status: status, headers: headers, body: json.bytes)
    }

    /// With evidence the answer may be as large as all the memory of the exporter, so it is written while it is sent.
    private static func success(_ selection: SourceSelection) -> HTTPResponse {
        // Each client keeps its snapshot. Evidence changes seldom, and is shared.
        let memory = selection.memory
        return HTTPResponse(headers: headers, streaming: SourcesJSON(selection: selection), holding: memory)
    }
}

/// The JSON of sources, in pieces.
private struct SourcesJSON: Sequence, Sendable {
    /// The size from which on a piece is sent.
    private static let pieceSize = 64 << 10

    let selection: SourceSelection

    func makeIterator() -> AnyIterator<[UInt8]> {
        var json = JSONText()
        var rest = selection.entries[...]
        var isComplete = false
        json.begin("{")
        json.key("status")
        json.string("success")
        json.key("data")
        json.begin("[")
        return AnyIterator {
            guard !isComplete else { return nil }
            while json.bytes.count < Self.pieceSize, let entry = rest.popFirst() {
                SourceReport(selection.activity(of: entry), at: selection.now).write(to: &json)
            }
            if rest.isEmpty {
                json.end("]")
                json.end("}")
                isComplete = true
            }
            return json.take()
        }
    }
}
