/// What Prometheus scrapes, and how that goes.
public struct ScrapeTarget: Sendable, Hashable, Decodable {
    /// Its labels, `job` and `instance` among them.
    public let labels: [String: String]
    /// `up`, `down`, or `unknown` before the first scrape.
    public let health: String
    /// Why it is down; empty while it is up.
    public let lastError: String
}
