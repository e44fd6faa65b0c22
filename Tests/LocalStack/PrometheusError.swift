/// Why Prometheus gave no answer.
public struct PrometheusError: Error, CustomStringConvertible {
    /// What Prometheus says.
    public let reason: String
    /// The expression or path.
    public let request: String

    /// Both.
    public var description: String { "Prometheus does not answer \(request): \(reason)" }
}
