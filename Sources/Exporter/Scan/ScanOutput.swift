import AccessScanning
import Foundation

/// The sources that `scan` found, as text. Text of clients has no invisible characters in any format: they are escaped as
/// in JSON strings.
enum ScanOutput {
    /// The table for people. Of a column with several values it shows the one that was seen first.
    ///
    /// - Parameters:
    ///   - withOutcomes: Whether the requests of each outcome are columns.
    ///   - width: The columns of the terminal; `nil` for unlimited.
    static func table(_ reports: [SourceReport], withOutcomes: Bool = false, width: Int?) -> String {
        guard let first = reports.first else { return "" }
        // The count stands for the outcomes where they do not fit.
        let showsAllOutcomes = withOutcomes && width ?? .max >= 60
        // Without its origin, an address that a client wrote looks like that of a connection.
        let plain: [(name: String, rank: Int, text: (SourceReport) -> String)] = [
            ("src_ip", 0, \.address), ("country", 6, \.location.country), ("city", 7, \.location.city),
            ("origin", 0, \.origin.rawValue), ("count", showsAllOutcomes ? 6 : 1, { "\($0.count)" }),
            ("first_seen", 10, { $0.firstSeen.map { UTCTime($0).short } ?? "" }),
            ("last_seen", withOutcomes ? 7 : 3, { $0.lastSeen.map { UTCTime($0).short } ?? "" }),
        ]
        var columns = plain.map { name, rank, text in
            TextTable.Column(
                name: name, cells: reports.map { .init(text: text($0).withVisibleEscapes) },
                leastWidth: ["country", "city"].contains(name) ? 10 : nil, isRightAligned: name == "count", rank: rank)
        }
        if withOutcomes { columns.insert(contentsOf: outcomeColumns(reports), at: 5) }
        columns += first.columns.indices.compactMap { index in
            let name = first.columns[index].name
            guard name != "outcome" else { return nil }
            return TextTable.Column(
                name: name, cells: reports.map { cell($0.columns[index]) },
                leastWidth: ["request_uri": withOutcomes ? 16 : 24, "user_agent": withOutcomes ? 10 : 14][name] ?? 10,
                rank: ranks[name] ?? 13 + index)
        }
        // Such as the location without a database, or messages at level Metadata.
        columns.removeAll { $0.cells.allSatisfy(\.text.isEmpty) }
        let table = TextTable(columns, limit: width)
        let note = table.leftOut == 0 ? [] : ["\(table.leftOut) columns do not fit; --format json has them."]
        return (table.lines + note).map { $0 + "\n" }.joined()
    }

    /// What is open matters most.
    private static func outcomeColumns(_ reports: [SourceReport]) -> [TextTable.Column] {
        let ranks: [Outcome: Int] = [.allowed: 2, .forbidden: 3, .unauthorized: 3]
        return Outcome.allCases.map { outcome in
            TextTable.Column(
                name: outcome.rawValue, cells: reports.map { .init(text: $0.outcomes.map { "\($0[outcome])" } ?? "") },
                leastWidth: nil, isRightAligned: true, rank: ranks[outcome] ?? 0)
        }
    }

    private static func cell(_ column: SourceReport.Column) -> TextTable.Cell {
        let others = UInt64(max(1, column.values.count) - 1) + column.leftOut
        return TextTable.Cell(
            text: (column.values.first ?? "").withVisibleEscapes, suffix: others > 0 ? " (+\(others))" : "")
    }

    /// Most of what the analytic selects is the same for all sources; what differs is shown first.
    private static let ranks = [
        "request_uri": 4, "user_agent": 5, "verb": 8, "resource": 9, "user": 11, "response_message": 12,
    ]

    /// Comma-separated values (RFC 4180) with a header. The values of a column are joined by " | "; the last column says
    /// how many are left out. Each cell has quotes. Text that a spreadsheet would take for a formula, at the beginning of a
    /// cell or behind a semicolon, has an apostrophe before it.
    ///
    /// - Parameter withOutcomes: Whether the requests of each outcome are columns.
    static func csv(_ reports: [SourceReport], withOutcomes: Bool = false) -> String {
        let outcomes = withOutcomes ? Outcome.allCases : []
        let head =
            ["src_ip", "country", "city", "origin", "count"] + outcomes.map(\.rawValue) + ["first_seen", "last_seen"]
            + ["outcome"] + Evidence.Column.allCases.map(\.name) + ["values_left_out"]
        let lines = reports.map { report in
            let place = [report.address, report.location.country, report.location.city, report.origin.rawValue]
            let counts =
                ["\(report.count)"] + outcomes.map { outcome in report.outcomes.map { "\($0[outcome])" } ?? "" }
            let times = [report.firstSeen, report.lastSeen].map { $0.map { "\(UTCTime($0))" } ?? "" }
            let values = report.columns.map { $0.values.joined(separator: " | ") }
            let leftOut = report.columns.filter { $0.leftOut > 0 }.map { "\($0.name): \($0.leftOut)" }
            return place + counts + times + values + [leftOut.joined(separator: " | ")]
        }
        return ([head] + lines).map { $0.map(csvCell).joined(separator: ",") + "\r\n" }.joined()
    }

    /// A spreadsheet that separates by semicolons ends a cell there, whatever the quotes around it.
    private static func csvCell(_ text: String) -> String {
        var cell = ""
        var mayBegin = true
        for scalar in text.withVisibleEscapes.unicodeScalars {
            if mayBegin, "=+-@＝＋－＠".unicodeScalars.contains(scalar) { cell += "'" }
            mayBegin = ";|".unicodeScalars.contains(scalar) || mayBegin && (scalar == " " || scalar == "\"")
            cell.unicodeScalars.append(scalar)
        }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }

    /// A JSON array with an object per line.
    static func json(_ reports: [SourceReport]) -> String {
        guard !reports.isEmpty else { return "[]\n" }
        let objects = reports.map { report in
            var json = JSONText()
            report.write(to: &json)
            return String(decoding: json.bytes, as: UTF8.self)
        }
        return "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }
}
