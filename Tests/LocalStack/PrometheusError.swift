/// A failed request to Prometheus.
public struct PrometheusError: Error, CustomStringConvertible {
    /// Prometheus' error message.
    public let reason: String
    /// The expression or path.
    public let request: String

    /// Both.
    public var description: String { "Prometheus rejected \(request): \(reason)" }
}
