/// An expression of a dashboard that contains variables.
struct DashboardExpression: Sendable {
    let text: String

    /// A selected metric.
    struct Selector: Hashable, Sendable {
        var metric: String
        /// The matchers between the braces, such as `job=~"$job"`.
        var matchers: [String]
        /// The range between the brackets; `nil` for an instant vector.
        var range: String?
        /// The function before the selector, such as `rate`; empty without one.
        var function: String

        /// Whether a rule records it, not an exporter.
        var isOfRules: Bool { metric.contains(":") || metric.hasPrefix("ALERTS") }
    }

    init(_ text: String) {
        self.text = text
    }

    /// All selectors. The project's metrics always have braces, which `bareMetrics` verifies.
    var selectors: [Selector] {
        text.matches(of: /(?:(\w+)\s*\(\s*)?([A-Za-z_:][\w:]*)\{([^}]*)\}(?:\[([^\]]*)\])?/).map { match in
            Selector(
                metric: String(match.2),
                matchers: match.3.matches(of: /\w+(?:=~|!=|!~|=)"[^"]*"/).map { String($0.output) },
                range: match.4.map(String.init), function: match.1.map(String.init) ?? "")
        }
    }

    /// Metrics without braces, which do not follow the selected exporters.
    var bareMetrics: [String] {
        text.matches(of: /\b(?:kube_audit_\w+|process_\w+|up|ALERTS\w*|\w+:kube_audit_[\w:]+)\b(?!\{)/)
            .map { String($0.output) }
    }

    /// The variables in it, without the dollar sign.
    var variables: Set<String> {
        Set(text.matches(of: /\$\{?([A-Za-z_]\w*)\}?/).map { String($0.1) })
    }

    /// The expression as Grafana would send it.
    ///
    /// - Parameter interval: The step in seconds.
    /// - Throws: `UnknownVariable`.
    func filled(interval: Int = 60) throws -> String {
        // As for "All", with a time range of an hour.
        let values = [
            "cluster": ".*", "job": ".+", "instance": ".+", "__rate_interval": "1m", "__interval": "\(interval)s",
            "__interval_ms": "\(interval * 1000)", "__range": "1h", "__range_s": "3600",
        ]
        return try text.replacing(/\$\{?([A-Za-z_]\w*)\}?/) { match in
            guard let value = values[String(match.1)] else {
                throw UnknownVariable(name: String(match.1), expression: text)
            }
            return value
        }
    }

    struct UnknownVariable: Error {
        var name: String
        var expression: String
    }
}
