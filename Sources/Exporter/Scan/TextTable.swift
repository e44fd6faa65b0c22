/// A table of text that fits a width: long cells are shortened, and columns that are still too wide are left out.
struct TextTable {
    /// A cell: its text can be shortened, the text behind it cannot.
    struct Cell {
        var text: String
        var suffix = ""

        var width: Int { text.displayWidth + suffix.displayWidth }
    }

    /// A column.
    struct Column {
        var name: String
        var cells: [Cell]
        /// How short its cells may become, in columns of the terminal; `nil` if they are never shortened.
        var leastWidth: Int?
        var isRightAligned = false
        /// Columns with the highest numbers are left out first; those with zero never, even if they do not fit.
        var rank: Int
    }

    /// The text between columns.
    private static let gap = "  "
    private let columns: [(column: Column, width: Int)]

    /// The number of columns that are left out.
    let leftOut: Int

    /// - Parameters:
    ///   - columns: All of the same length.
    ///   - limit: The width in columns of the terminal; `nil` for unlimited.
    ///   - cellLimit: The most columns of the terminal that a cell takes that may be shortened.
    init(_ columns: [Column], limit: Int?, cellLimit: Int = 64) {
        let wanted = columns.map { column in
            let width = column.cells.reduce(column.name.displayWidth) { max($0, $1.width) }
            return column.leastWidth == nil ? width : min(width, cellLimit)
        }
        let least = columns.indices.map { index in min(wanted[index], columns[index].leastWidth ?? .max) }
        var shown = Array(columns.indices)
        while let limit, shown.count > 1, Self.total(shown.map { least[$0] }) > limit {
            guard let last = shown.max(by: { columns[$0].rank < columns[$1].rank }), columns[last].rank > 0 else {
                break
            }
            shown.removeAll { $0 == last }
        }
        // The largest width at which all columns fit.
        var level = cellLimit
        let width = { (index: Int) in
            columns[index].leastWidth == nil ? wanted[index] : min(wanted[index], max(least[index], level))
        }
        while let limit, level > 0, Self.total(shown.map(width)) > limit { level -= 1 }
        self.columns = shown.map { (columns[$0], width($0)) }
        leftOut = columns.count - shown.count
    }

    private static func total(_ widths: [Int]) -> Int {
        widths.reduce(0, +) + max(0, widths.count - 1) * gap.count
    }

    /// The lines of the table, the names of the columns first.
    var lines: [String] {
        let rows = columns.first?.column.cells.indices ?? 0..<0
        return [line { Cell(text: $0.name) }] + rows.map { row in line { $0.cells[row] } }
    }

    private func line(_ cell: (Column) -> Cell) -> String {
        var line = ""
        for (index, (column, width)) in columns.enumerated() {
            let cell = cell(column)
            let text = cell.text.shortened(to: width - cell.suffix.displayWidth) + cell.suffix
            let padding = String(repeating: " ", count: max(0, width - text.displayWidth))
            if index > 0 { line += Self.gap }
            line += column.isRightAligned ? padding + text : text + padding
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

extension Unicode.Scalar {
    /// The number of columns that a terminal shows it in.
    var displayWidth: Int {
        guard !isASCII else { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        // East Asian wide characters and emoji, by block; source: Unicode's EastAsianWidth.txt.
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    /// The number of columns that a terminal shows it in, if no character of it is invisible.
    var displayWidth: Int { unicodeScalars.reduce(0) { $0 + $1.displayWidth } }

    /// At most `width` columns of it; what is cut off shows as "…".
    func shortened(to width: Int) -> String {
        // Long texts are measured only as far as they can be shown.
        var columns = 0
        var kept = ""
        for scalar in unicodeScalars {
            columns += scalar.displayWidth
            guard columns <= width else {
                while kept.displayWidth > max(0, width - 1) { kept.unicodeScalars.removeLast() }
                return width > 0 ? kept + "…" : ""
            }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }
}
