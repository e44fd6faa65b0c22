/// An alert as Prometheus holds it.
public struct ActiveAlert: Sendable, Hashable, Decodable {
    /// Its labels, `alertname` among them.
    public let labels: [String: String]
    /// What it says to people.
    public let annotations: [String: String]
    /// `pending` or `firing`.
    public let state: String
}
