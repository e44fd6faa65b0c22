import AccessScanning
import Foundation

/// The rows as text. Text of clients has no invisible characters in any format: they are escaped as in JSON strings.
enum ScanOutput {
    /// The table for people. Of a column with several values it shows the one that was seen first.
    ///
    /// - Parameter width: The columns of the terminal; `nil` for unlimited.
    static func table(_ rows: [ScanRow], width: Int?) -> String {
        guard !rows.isEmpty else { return "" }
        let plain: [(name: String, rank: Int, text: (ScanRow) -> String)] = [
            ("src_ip", 0, \.address), ("country", 7, \.location.country), ("city", 8, \.location.city),
            ("origin", 2, \.origin), ("count", 1, { "\($0.source.count)" }), ("first_seen", 6, { $0.firstSeen ?? "" }),
            ("last_seen", 3, { $0.lastSeen ?? "" }),
        ]
        var columns = plain.map { name, rank, text in
            TextTable.Column(
                name: name, cells: rows.map { .init(text: text($0).withVisibleEscapes) },
                leastWidth: ["country", "city"].contains(name) ? 10 : nil, isRightAligned: name == "count", rank: rank)
        }
        columns += Evidence.Column.allCases.map { column in
            TextTable.Column(
                name: column.name, cells: rows.map { cell($0, column) },
                leastWidth: [.requestURI: 24, .userAgent: 14][column] ?? 10, rank: rank(column))
        }
        // Such as the location without a database, or messages at level Metadata.
        columns.removeAll { $0.cells.allSatisfy(\.text.isEmpty) }
        let table = TextTable(columns, limit: width)
        let note =
            table.leftOut.isEmpty
            ? [] : ["Columns that do not fit: \(table.leftOut.joined(separator: ", ")); --format json has all of them."]
        return (table.lines + note).map { $0 + "\n" }.joined()
    }

    private static func cell(_ row: ScanRow, _ column: Evidence.Column) -> TextTable.Cell {
        let values = row.source.values(column)
        let others = values.count - 1 + row.source.valuesLeftOut(column)
        return TextTable.Cell(
            text: (values.first ?? "").withVisibleEscapes, suffix: others > 0 ? " (+\(others))" : "")
    }

    /// Most of what the analytic selects is the same for all sources; what differs is shown first.
    private static func rank(_ column: Evidence.Column) -> Int {
        let ranks: [Evidence.Column: Int] = [
            .requestURI: 4, .userAgent: 5, .verb: 9, .resource: 10, .user: 11, .responseMessage: 12,
        ]
        return ranks[column] ?? 13 + Int(column.rawValue)
    }

    /// Comma-separated values (RFC 4180) with a header. The values of a column are joined by " | ". A cell that a
    /// spreadsheet would take for a formula has an apostrophe before it.
    static func csv(_ rows: [ScanRow]) -> String {
        let lines = rows.map { row in
            [
                row.address, row.location.country, row.location.city, row.origin, "\(row.source.count)",
                row.firstSeen ?? "", row.lastSeen ?? "",
            ] + Evidence.Column.allCases.map { row.source.values($0).joined(separator: " | ") }
        }
        return ([ScanRow.columns] + lines).map { $0.map(csvCell).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func csvCell(_ text: String) -> String {
        var text = text.withVisibleEscapes
        if let first = text.first, "=+-@＝＋－＠".contains(first) { text = "'" + text }
        guard text.contains(where: { "\",".contains($0) }) || text != text.trimmingCharacters(in: .whitespaces) else {
            return text
        }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// A JSON array with an object per line.
    static func json(_ rows: [ScanRow]) -> String {
        guard !rows.isEmpty else { return "[]\n" }
        return "[\n" + rows.map(json).joined(separator: ",\n") + "\n]\n"
    }

    private static func json(_ row: ScanRow) -> String {
        var members: [(name: String, value: String)] = [
            ("src_ip", quoted(row.address)), ("country", quoted(row.location.country)),
            ("city", quoted(row.location.city)), ("origin", quoted(row.origin)), ("count", "\(row.source.count)"),
            ("first_seen", row.firstSeen.map(quoted) ?? "null"), ("last_seen", row.lastSeen.map(quoted) ?? "null"),
        ]
        for column in Evidence.Column.allCases {
            let values = row.source.values(column)
            // Codes are digits.
            members.append((column.name, list(column == .responseCode ? values : values.map(quoted))))
        }
        let leftOut = Evidence.Column.allCases.map { ($0.name, row.source.valuesLeftOut($0)) }.filter { $0.1 > 0 }
        if !leftOut.isEmpty {
            members.append(("values_left_out", object(leftOut.map { ($0.0, "\($0.1)") })))
        }
        return object(members)
    }

    private static func object(_ members: [(name: String, value: String)]) -> String {
        "{" + members.map { "\(quoted($0.name)):\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func list(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }

    private static func quoted(_ text: String) -> String { LogFormat.quoted(text) }
}
