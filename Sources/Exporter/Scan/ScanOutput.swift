import AccessScanning
import Foundation

/// The sources that `scan` found, as text. Text of clients has no invisible characters in any format: they are escaped as
/// in JSON strings.
enum ScanOutput {
    /// The table for people. Of a column with several values it shows the one that was seen first.
    ///
    /// - Parameters:
    ///   - withOutcome: Whether the outcomes are a column.
    ///   - width: The columns of the terminal; `nil` for unlimited.
    static func table(_ reports: [SourceReport], withOutcome: Bool = false, width: Int?) -> String {
        guard let first = reports.first else { return "" }
        let plain: [(name: String, rank: Int, text: (SourceReport) -> String)] = [
            ("src_ip", 0, \.address), ("country", 6, \.location.country), ("city", 7, \.location.city),
            ("origin", 2, \.origin.rawValue), ("count", 1, { "\($0.count)" }),
            ("first_seen", 10, { $0.firstSeen.map { UTCTime($0).short } ?? "" }),
            ("last_seen", 3, { $0.lastSeen.map { UTCTime($0).short } ?? "" }),
        ]
        var columns = plain.map { name, rank, text in
            TextTable.Column(
                name: name, cells: reports.map { .init(text: text($0).withVisibleEscapes) },
                leastWidth: ["country", "city"].contains(name) ? 10 : nil, isRightAligned: name == "count", rank: rank)
        }
        columns += first.columns.indices.compactMap { index in
            let name = first.columns[index].name
            if name == "outcome" { return withOutcome ? outcomes(reports.map { $0.columns[index] }) : nil }
            return TextTable.Column(
                name: name, cells: reports.map { cell($0.columns[index]) },
                leastWidth: ["request_uri": 24, "user_agent": 14][name] ?? 10, rank: ranks[name] ?? 13 + index)
        }
        // Such as the location without a database, or messages at level Metadata.
        columns.removeAll { $0.cells.allSatisfy(\.text.isEmpty) }
        let table = TextTable(columns, limit: width)
        let note = table.leftOut == 0 ? [] : ["\(table.leftOut) columns do not fit; --format json has them."]
        return (table.lines + note).map { $0 + "\n" }.joined()
    }

    /// There are few outcomes, and all of them matter.
    private static func outcomes(_ columns: [SourceReport.Column]) -> TextTable.Column {
        TextTable.Column(
            name: "outcome", cells: columns.map { .init(text: $0.values.joined(separator: ", ")) }, leastWidth: nil,
            rank: 2)
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
    static func csv(_ reports: [SourceReport]) -> String {
        let head =
            ["src_ip", "country", "city", "origin", "count", "first_seen", "last_seen"]
            + ["outcome"] + Evidence.Column.allCases.map(\.name) + ["values_left_out"]
        let lines = reports.map { report in
            [
                report.address, report.location.country, report.location.city, report.origin.rawValue,
                "\(report.count)", report.firstSeen.map { "\(UTCTime($0))" } ?? "",
                report.lastSeen.map { "\(UTCTime($0))" } ?? "",
            ] + report.columns.map { $0.values.joined(separator: " | ") } + [
                report.columns.filter { $0.leftOut > 0 }.map { "\($0.name): \($0.leftOut)" }.joined(separator: " | ")
            ]
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
