/// A variable above the panels of a dashboard.
struct DashboardVariable: Decodable, Sendable {
    let name: String
    let label: String
    let type: String
    /// The expression of a query, or the kind of data source.
    let query: String
    let datasource: DashboardDataSource?
    let multi: Bool
    let includeAll: Bool
    let allValue: String?
    /// 2: whenever the time range changes.
    let refresh: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        label = try container.decode(String.self, forKey: .label)
        type = try container.decode(String.self, forKey: .type)
        datasource = try container.decodeIfPresent(DashboardDataSource.self, forKey: .datasource)
        multi = try container.decode(Bool.self, forKey: .multi)
        includeAll = try container.decode(Bool.self, forKey: .includeAll)
        allValue = try container.decodeIfPresent(String.self, forKey: .allValue)
        refresh = try container.decode(Int.self, forKey: .refresh)
        // A text, or an object that contains it.
        if type == "query" {
            query = try container.decode(Query.self, forKey: .query).query
        } else {
            query = try container.decode(String.self, forKey: .query)
        }
    }

    private enum Key: CodingKey {
        case name, label, type, query, datasource, multi, includeAll, allValue, refresh
    }

    private struct Query: Decodable {
        var query: String
    }
}
