/// An expression of a dashboard, with variables in it.
struct DashboardExpression: Sendable {
    let text: String

    /// A metric that it selects.
    struct Selector: Hashable, Sendable {
        var metric: String
        /// Between the braces, such as `job=~"$job"`.
        var matchers: [String]
        /// Between the brackets behind; `nil` for an instant.
        var range: String?
        /// The function right before, `rate` for instance; empty if there is none.
        var function: String

        /// Whether a rule makes it, and not an exporter.
        var isOfRules: Bool { metric.contains(":") || metric.hasPrefix("ALERTS") }
    }

    init(_ text: String) {
        self.text = text
    }

    /// All that it selects. Metrics of ours always stand with braces, which `bareMetrics` makes sure of.
    var selectors: [Selector] {
        text.matches(of: /(?:(\w+)\s*\(\s*)?([A-Za-z_:][\w:]*)\{([^}]*)\}(?:\[([^\]]*)\])?/).map { match in
            Selector(
                metric: String(match.2),
                matchers: match.3.matches(of: /\w+(?:=~|!=|!~|=)"[^"]*"/).map { String($0.output) },
                range: match.4.map(String.init), function: match.1.map(String.init) ?? "")
        }
    }

    /// Metrics without braces, of which nobody can choose an exporter.
    var bareMetrics: [String] {
        text.matches(of: /\b(?:kube_audit_\w+|process_\w+|up|ALERTS\w*|\w+:kube_audit_[\w:]+)\b(?!\{)/)
            .map { String($0.output) }
    }

    /// The variables that it names, without the dollar.
    var variables: Set<String> {
        Set(text.matches(of: /\$\{?([A-Za-z_]\w*)\}?/).map { String($0.1) })
    }

    /// The expression as Grafana would send it.
    ///
    /// - Parameter interval: The step in seconds.
    /// - Throws: `UnknownVariable`.
    func filled(interval: Int = 60) throws -> String {
        // As for "All", and for an hour on the screen.
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
