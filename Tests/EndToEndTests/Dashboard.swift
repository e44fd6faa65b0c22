import Foundation
import TestSupport

/// The parts of a Grafana dashboard that the tests check.
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

    /// The variables above the panels, in order.
    var variables: [DashboardVariable] { templating.list }
    /// The annotations of time series panels.
    var marks: [Annotation] { annotations.list }
    /// Without the rows, which are only headings.
    var shown: [DashboardPanel] { panels.filter { $0.type != "row" } }

    /// All dashboards in `dashboards/`, by file name.
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
