/// One series of a query's result.
public struct QuerySample: Sendable, Hashable {
    /// Its labels, `__name__` among them.
    public let labels: [String: String]
    /// Its value.
    public let value: Double
}
