import Foundation
import TestSupport

/// A Grafana dashboard as it is imported, as far as the tests look at it.
///
/// Source: <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>
struct Dashboard: Decodable, Sendable {
    let title: String
    let uid: String
    let description: String
    let schemaVersion: Int
    let version: Int
    let tags: [String]
    let timezone: String
    let refresh: String
    let panels: [DashboardPanel]
    let links: [Link]
    private let templating: Templating
    private let annotations: Annotations

    /// What can be chosen above the panels, in order.
    var variables: [DashboardVariable] { templating.list }
    /// What can be drawn into the panels over time.
    var marks: [Annotation] { annotations.list }
    /// Without the rows, which are headings only.
    var shown: [DashboardPanel] { panels.filter { $0.type != "row" } }

    /// All in `dashboards/`, by the name of the file.
    static func all() throws -> [(file: URL, dashboard: Dashboard)] {
        let directory = Fixture.repository.appending(path: "dashboards")
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            .filter { $0.hasSuffix(".json") }
            .map { name in
                let file = directory.appending(path: name)
                return (file, try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file)))
            }
    }

    struct Link: Decodable, Sendable {
        var type: String
        var tags: [String]
        var includeVars: Bool
        var keepTime: Bool
    }

    struct Annotation: Decodable, Sendable {
        var name: String
        var expr: String?
        var datasource: DashboardDataSource?
    }

    private struct Templating: Decodable {
        var list: [DashboardVariable]
    }

    private struct Annotations: Decodable {
        var list: [Annotation]
    }
}
