import Foundation
import GRDB

/// Evidence as schema 5 stored it: one buffer with the first 20 values of each column, all of forbidden requests.
///
/// The buffer begins with the end of each of ten columns, 16 bits, little-endian, relative to the first byte after these
/// ends; then a value is its length less one (8 bits), and its bytes of UTF-8. Schema 6 stores the outcomes of a value
/// behind its length, and the values after the tenth of a column apart. Like the migration, this never changes.
enum EvidenceOfSchema5 {
    private static let columns = 10
    private static let firstLimit = 10
    private static let forbidden: UInt8 = 1

    /// Moves all evidence to the tables of schema 6.
    static func move(_ db: Database) throws {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT source, texts FROM evidence WHERE source IN (SELECT id FROM profile)")
        while let row = try rows.next() {
            let profile: Int64 = try row.value("source")
            let parts = parts(Array((try? row.decode(Data.self, forColumn: "texts")) ?? Data()))
            for (table, texts) in [("first_evidence", parts.first), ("newest_evidence", parts.newest)] {
                guard !texts.isEmpty else { continue }
                try db.execute(
                    sql: "INSERT INTO \(table) (profile, texts) VALUES (?, ?)", arguments: [profile, Data(texts)])
            }
        }
    }

    /// The two buffers of schema 6; both empty if the bytes are damaged.
    static func parts(_ texts: [UInt8]) -> (first: [UInt8], newest: [UInt8]) {
        let head = 2 * columns
        guard texts.count > head else { return ([], []) }
        var first = Part()
        var newest = Part()
        var start = head
        for column in 0..<columns {
            let end = head + Int(texts[2 * column]) + Int(texts[2 * column + 1]) << 8
            guard start <= end, end <= texts.count else { return ([], []) }
            var count = 0
            while start < end {
                let next = start + 2 + Int(texts[start])
                guard next <= end else { return ([], []) }
                let value = [texts[start], forbidden] + texts[start + 1..<next]
                if count < firstLimit { first.texts += value } else { newest.texts += value }
                count += 1
                start = next
            }
            first.endColumn()
            newest.endColumn()
        }
        guard start == texts.count else { return ([], []) }
        return (first.bytes, newest.bytes)
    }

    private struct Part {
        var texts: [UInt8] = []
        private var ends: [UInt8] = []

        mutating func endColumn() {
            ends += [UInt8(truncatingIfNeeded: texts.count), UInt8(truncatingIfNeeded: texts.count >> 8)]
        }

        var bytes: [UInt8] { texts.isEmpty ? [] : ends + texts }
    }
}
