import Foundation

/// A Grafana dashboard, as far as its queries go.
struct Dashboard {
    /// What a panel asks Prometheus for.
    struct Query {
        /// The panel's title.
        var panel: String
        /// The expression, with the dashboard's and Grafana's variables filled in.
        var expression: String
    }

    /// The queries of all panels, those in rows too.
    let queries: [Query]

    /// Reads the JSON that Grafana imports.
    init(at url: URL) throws {
        let model = try JSONDecoder().decode(Model.self, from: Data(contentsOf: url))
        queries = try model.panels.flatMap(\.withNested).flatMap { panel in
            try (panel.targets ?? []).compactMap(\.expr).map {
                Query(panel: panel.title ?? "?", expression: try Self.fillingIn($0))
            }
        }
    }

    /// As Grafana does for "All", and for an hour on the screen.
    private static let values = [
        "cluster": ".*", "job": ".+", "instance": ".+", "__rate_interval": "1m", "__interval": "15s",
        "__range": "1h", "__range_s": "3600",
    ]

    private static func fillingIn(_ expression: String) throws -> String {
        try expression.replacing(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/) { match in
            let name = String(match.1 ?? match.2 ?? "")
            guard let value = values[name] else { throw UnknownVariable(name: name, expression: expression) }
            return value
        }
    }

    struct UnknownVariable: Error {
        var name: String
        var expression: String
    }

    private struct Model: Decodable {
        var panels: [Panel]
    }

    private struct Panel: Decodable {
        var title: String?
        var targets: [Target]?
        var panels: [Panel]?

        var withNested: [Panel] { [self] + (panels ?? []).flatMap(\.withNested) }
    }

    private struct Target: Decodable {
        var expr: String?
    }
}
