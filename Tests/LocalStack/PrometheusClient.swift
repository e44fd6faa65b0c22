public import Foundation

/// A client of Prometheus' HTTP API.
///
/// Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>
public struct PrometheusClient: Sendable {
    private let url: URL

    /// A client of the Prometheus at `url`.
    public init(url: URL) {
        self.url = url
    }

    /// The value of an expression, now or at a moment in seconds since 1970.
    ///
    /// - Throws: `PrometheusError` if Prometheus rejects the expression.
    public func query(_ expression: String, at time: Int? = nil) async throws -> [QuerySample] {
        var items = [URLQueryItem(name: "query", value: expression)]
        if let time { items.append(URLQueryItem(name: "time", value: "\(time)")) }
        return try await get(QueryResult.self, "/api/v1/query", items).samples
    }

    /// The single value of an expression now; `nil` for none or several.
    public func value(_ expression: String) async throws -> Double? {
        let samples = try await query(expression)
        return samples.count == 1 ? samples[0].value : nil
    }

    /// The values of a label in the series that a selector selects.
    public func values(of label: String, in selector: String) async throws -> [String] {
        try await get(
            [String].self, "/api/v1/label/\(label)/values", [URLQueryItem(name: "match[]", value: selector)])
    }

    /// The exemplars of the series that an expression selects: the labels of each.
    public func exemplars(_ expression: String) async throws -> [[String: String]] {
        struct Series: Decodable { var exemplars: [Exemplar] }
        struct Exemplar: Decodable { var labels: [String: String] }
        // The time of an exemplar is that of its request.
        let items = ["query": expression, "start": "0", "end": "\(Int(Date().timeIntervalSince1970) + 60)"]
            .map { URLQueryItem(name: $0.key, value: $0.value) }
        return try await get([Series].self, "/api/v1/query_exemplars", items).flatMap(\.exemplars).map(\.labels)
    }

    /// The alerts that are pending or firing.
    public func alerts() async throws -> [ActiveAlert] {
        struct Answer: Decodable { var alerts: [ActiveAlert] }
        return try await get(Answer.self, "/api/v1/alerts").alerts
    }

    /// The scrape targets.
    public func targets() async throws -> [ScrapeTarget] {
        struct Answer: Decodable { var activeTargets: [ScrapeTarget] }
        return try await get(Answer.self, "/api/v1/targets").activeTargets
    }

    private func get<Answer: Decodable>(
        _ type: Answer.Type, _ path: String, _ items: [URLQueryItem] = []
    ) async throws -> Answer {
        var components = URLComponents(url: url.appending(path: path), resolvingAgainstBaseURL: false)
        if !items.isEmpty { components?.queryItems = items }
        // Prometheus reads a plus as a space, and URLComponents does not encode it.
        let query = components?.percentEncodedQuery
        components?.percentEncodedQuery = query?.replacing("+", with: "%2B")
        guard let url = components?.url else { throw URLError(.badURL) }
        let answer = try await HTTPClient.get(url)
        let envelope = try JSONDecoder().decode(Envelope<Answer>.self, from: answer.body)
        guard let data = envelope.data else {
            let request = items.first?.value ?? path
            throw PrometheusError(reason: envelope.error ?? "status \(answer.status)", request: request)
        }
        return data
    }

    private struct Envelope<Answer: Decodable>: Decodable {
        var data: Answer?
        var error: String?
    }
}
