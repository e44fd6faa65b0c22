/// A panel of a dashboard, or a row heading.
struct DashboardPanel: Decodable, Sendable {
    let id: Int
    let type: String
    let title: String
    let description: String?
    let gridPos: Place
    let datasource: DashboardDataSource?
    let targets: [Target]?
    let fieldConfig: FieldConfig?
    /// The minimum step of a range query, such as `1m`.
    let interval: String?

    /// Its position: 24 columns, and rows of about 30 pixels.
    struct Place: Decodable, Sendable {
        var x: Int
        var y: Int
        var w: Int
        var h: Int

        func overlaps(_ other: Place) -> Bool {
            x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
        }
    }

    /// Its queries.
    struct Target: Decodable, Sendable {
        var refId: String
        var expr: String
        var instant: Bool
        var range: Bool
        var format: String?
        var legendFormat: String?
        var datasource: DashboardDataSource?
    }

    struct FieldConfig: Decodable, Sendable {
        var defaults: Defaults
        var overrides: [Override]
    }

    /// Settings of the columns that a matcher selects.
    struct Override: Decodable, Sendable {
        struct Matcher: Decodable, Sendable {
            var id: String
            var options: String?
        }

        /// A property; the value is `nil` unless it is a list of links.
        struct Property: Decodable, Sendable {
            var id: String
            var value: [Link]?

            private enum Key: CodingKey { case id, value }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                id = try container.decode(String.self, forKey: .id)
                value = id == "links" ? try container.decode([Link].self, forKey: .value) : nil
            }
        }

        struct Link: Decodable, Sendable {
            var title: String
            var url: String
        }

        var matcher: Matcher
        var properties: [Property]
    }

    struct Defaults: Decodable, Sendable {
        var unit: String?
        var thresholds: Thresholds?
    }

    struct Thresholds: Decodable, Sendable {
        var steps: [Step]
    }

    struct Step: Decodable, Sendable {
        var color: String
        var value: Double?
    }
}

/// The data source of a panel, a query or a variable.
struct DashboardDataSource: Decodable, Sendable, Hashable {
    var type: String
    var uid: String

    /// The data source selected above the panels.
    static let chosen = DashboardDataSource(type: "prometheus", uid: "${datasource}")
}

extension DashboardPanel {
    /// The query.
    var expressions: [DashboardExpression] { (targets ?? []).map { DashboardExpression($0.expr) } }

    /// The links of the column with this name.
    func links(of column: String) -> [Override.Link] {
        (fieldConfig?.overrides ?? []).filter { $0.matcher.id == "byName" && $0.matcher.options == column }
            .flatMap(\.properties).flatMap { $0.value ?? [] }
    }
}
