import AccessScanning
import AuditEvents
import GRDB
import GRDBSQLite

/// The present row of a query, by the numbers of its columns.
///
/// GRDB finds a column by its name and converts its value in several generic steps. A state of 100,000 sources has three
/// million values, so the large tables are read directly. The statement must be at a row.
struct StoredRow {
    private let statement: OpaquePointer

    /// Calls `body` for each row of a query, which has no arguments.
    ///
    /// - Parameter column: The number of a column whose integers rise from row to row. It is verified, since the database
    ///   is read before it is checked: pages that refer to each other in a circle would give rows without end.
    /// - Throws: The error of `body`, or SQLite's.
    static func forEach(
        _ db: Database, sql: String, ascending column: Int32, _ body: (StoredRow) throws -> Void
    ) throws {
        let statement = try db.makeStatement(sql: sql)
        // The cursor takes the steps, since it knows SQLite's errors.
        let rows = try Row.fetchCursor(statement)
        let row = StoredRow(statement: statement.sqliteStatement)
        var last = Int64.min
        while try rows.next() != nil {
            let key = try row.integer(column)
            guard key > last else { throw ImpossibleContent(description: "the row \(key) after \(last)") }
            last = key
            try body(row)
        }
    }

    /// An integer.
    func integer(_ column: Int32) throws -> Int64 {
        try check(column, is: SQLITE_INTEGER)
        return sqlite3_column_int64(statement, column)
    }

    /// A number that is stored by its bits.
    func count(_ column: Int32) throws -> UInt64 { UInt64(bitPattern: try integer(column)) }

    /// A number.
    func number(_ column: Int32) throws -> Double {
        if sqlite3_column_type(statement, column) != SQLITE_INTEGER { try check(column, is: SQLITE_FLOAT) }
        return sqlite3_column_double(statement, column)
    }

    /// A number; `nil` for NULL.
    func optionalNumber(_ column: Int32) throws -> Double? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : try number(column)
    }

    /// A value of the type TEXT.
    func string(_ column: Int32) throws -> String {
        try check(column, is: SQLITE_TEXT)
        return withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Text that is stored as a BLOB.
    func text(_ column: Int32) throws -> String {
        try check(column, is: SQLITE_BLOB)
        return withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a column that no counter depends on; none if it is of another type.
    func bytes(_ column: Int32) -> [UInt8] {
        withBlob(column) { [UInt8]($0) }
    }

    /// Calls `body` with the bytes of a column that no counter depends on; with none if it is of another type.
    func withBlob<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard sqlite3_column_type(statement, column) == SQLITE_BLOB else {
            return body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return withBytes(column, body)
    }

    /// Whether a value of the type TEXT is this text. It makes no string.
    func isText(_ column: Int32, _ text: String) throws -> Bool {
        try check(column, is: SQLITE_TEXT)
        return withBytes(column) { bytes in
            text.utf8.count == bytes.count && text.utf8.elementsEqual(bytes)
        }
    }

    /// The little-endian numbers of such a column; what follows the last whole one is ignored.
    func numbers<Number: FixedWidthInteger>(_ column: Int32, as _: Number.Type = Number.self) -> [Number] {
        withBlob(column) { bytes in
            let stride = MemoryLayout<Number>.size
            return (0..<bytes.count / stride).map {
                Number(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Number.self))
            }
        }
    }

    /// The times of the last requests.
    func recentRequests(_ column: Int32) throws -> RecentRequests {
        try check(column, is: SQLITE_BLOB)
        return withBytes(column) { RecentRequests(stored: $0.bytes) }
    }

    /// The requests of each minute of the last hour.
    func requestsByMinute(_ column: Int32) -> RequestsByMinute {
        withBlob(column) { RequestsByMinute(stored: $0.bytes) }
    }

    /// Credentials.
    func credentials(_ column: Int32) throws -> Credentials {
        let text = try string(column)
        guard let credentials = Credentials(rawValue: text) else {
            throw ImpossibleContent(description: "not credentials: \(text)")
        }
        return credentials
    }

    /// A source, by its address and its origin in the column after it.
    func source(_ column: Int32) throws -> Source {
        let address = try string(column)
        guard let origin = try origin(column + 1), let source = Source(address: address, origin) else {
            throw ImpossibleContent(description: "not a source: \(address), \(try string(column + 1))")
        }
        return source
    }

    private func origin(_ column: Int32) throws -> Origin? {
        for origin in Origin.allCases where try isText(column, origin.rawValue) { return origin }
        return nil
    }

    /// A location, by its country and its city in the column after it.
    func location(_ column: Int32) throws -> Location {
        Location(country: try text(column), city: try text(column + 1))
    }

    private func check(_ column: Int32, is type: Int32) throws {
        guard sqlite3_column_type(statement, column) == type else {
            let name = sqlite3_column_name(statement, column).map { String(cString: $0) } ?? ""
            throw ImpossibleContent(description: "a value of another type in the column \(name)")
        }
    }

    private func withBytes<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        // The pointer first: it may convert the value, and the number of bytes is that of the converted one.
        let start = sqlite3_column_blob(statement, column)
        return body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
