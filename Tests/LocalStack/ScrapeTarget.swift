/// A scrape target and its health.
public struct ScrapeTarget: Sendable, Hashable, Decodable {
    /// Its labels, `job` and `instance` among them.
    public let labels: [String: String]
    /// `up`, `down`, or `unknown` before the first scrape.
    public let health: String
    /// The scrape error; empty while it is up.
    public let lastError: String
}
