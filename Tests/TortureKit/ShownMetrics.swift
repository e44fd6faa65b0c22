import AccessScanning

/// The result of a scrape.
struct ShownMetrics {
    private(set) var counts: [CountedSource: Int] = [:]
    /// Lines of logs.
    private(set) var lines = 0
    private(set) var lostLogs = 0
    /// Bytes of followed logs, rotated logs and matched files that are not read.
    private(set) var unread = 0
    private(set) var retiredRequests = 0
    /// The sum over all networks.
    private(set) var networkRequests = 0
    /// The networks with a counter of their own.
    private(set) var networks: Set<String> = []
    /// Series of the exporter's own metrics, and bytes in all.
    private(set) var series = 0
    let bytes: Int

    /// - Parameter text: Prometheus' text format, in which each relevant line ends with a whole number.
    init(_ text: ArraySlice<UInt8>) {
        bytes = text.count
        for line in text.split(separator: 10) where line.starts(with: Self.prefix) {
            series += 1
            let line = String(decoding: line, as: UTF8.self)
            guard let space = line.lastIndex(of: " "), let value = Int(line[line.index(after: space)...]) else {
                continue
            }
            if let outcome = Self.counters.first(where: { line.hasPrefix($0.name) })?.outcome {
                guard let address = Self.label("src_ip", in: line), let origin = Self.label("origin", in: line) else {
                    continue
                }
                // A duplicate series would be an error, and becomes visible as a wrong sum.
                let source = CountedSource(
                    address: address, origin: origin, outcome: outcome, credentials: Self.label("credentials", in: line)
                )
                counts[source, default: 0] += value
            } else if line.hasPrefix(#"kube_audit_lines_total{input="file"}"#) {
                lines = value
            } else if line.hasPrefix("kube_audit_lost_logs_total ") {
                lostLogs = value
            } else if Self.unreadMetrics.contains(where: line.hasPrefix) {
                unread += value
            } else if line.hasPrefix("kube_audit_retired_requests_total ") {
                retiredRequests = value
            } else if line.hasPrefix("kube_audit_unauthenticated_forbidden_requests_by_network_total{")
                || line.hasPrefix("kube_audit_retired_network_requests_total ")
            {
                networkRequests += value
                if let network = Self.label("network", in: line), network != "other" { networks.insert(network) }
            }
        }
    }

    private static let counters: [(name: String, outcome: Outcome)] = [
        ("kube_audit_unauthenticated_forbidden_requests_total{", .forbidden),
        ("kube_audit_unauthorized_requests_total{", .unauthorized),
        ("kube_audit_anonymous_allowed_requests_total{", .allowed),
    ]
    private static let prefix = Array("kube_audit_".utf8)
    private static let unreadMetrics = [
        "kube_audit_log_unread_bytes{", "kube_audit_rotated_logs_unread{", "kube_audit_log_files_not_followed{",
    ]

    private static func label(_ name: String, in line: String) -> String? {
        guard let start = line.firstRange(of: "\(name)=\"") else { return nil }
        return String(line[start.upperBound...].prefix { $0 != "\"" })
    }
}
