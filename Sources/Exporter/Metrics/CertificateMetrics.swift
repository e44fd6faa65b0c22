import Exposition

/// The metrics of the servers' certificates.
enum CertificateMetrics {
    static let areCurrent = Metric(
        "kube_audit_tls_certificates_last_reload_successful", .gauge,
        "Whether the newest certificates on disk are in use: 1 if so, else 0.", labels: ["server"],
        condition: "with TLS")
    static let notAfter = Metric(
        "kube_audit_tls_certificate_not_after_timestamp_seconds", .gauge,
        "When the served certificate expires, or the first of its chain, in seconds since 1970.", labels: ["server"],
        condition: "with TLS")

    /// In the order in which they are exposed.
    static let metrics = [areCurrent, notAfter]

    static func families(of status: Status) -> [MetricFamily] {
        guard !status.certificates.isEmpty else { return [] }
        return [
            MetricFamily(
                areCurrent, status.certificates.map { areCurrent.sample(SampleValue($0.isCurrent), $0.server) }),
            MetricFamily(
                notAfter, status.certificates.map { notAfter.sample(.number($0.notAfter), $0.server) }),
        ]
    }
}
