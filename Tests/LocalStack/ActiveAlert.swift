/// An alert in Prometheus' API.
public struct ActiveAlert: Sendable, Hashable, Decodable {
    /// Its labels, `alertname` among them.
    public let labels: [String: String]
    /// Its annotations.
    public let annotations: [String: String]
    /// `pending` or `firing`.
    public let state: String
}
