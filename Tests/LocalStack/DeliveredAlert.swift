/// An alert as Alertmanager delivers it to a webhook.
///
/// Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>
public struct DeliveredAlert: Sendable, Hashable, Decodable {
    /// `firing` or `resolved`.
    public let status: String
    /// Its labels, `alertname` among them.
    public let labels: [String: String]
    /// Its annotations.
    public let annotations: [String: String]
}
