/// How many requests are taken: `burst` at once, and then one an `interval`.
///
/// Source: `rate_limit` of the exporter-toolkit.
struct RateLimit: Sendable, Hashable {
    var interval: Duration
    var burst: Int
}
