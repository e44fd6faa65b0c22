import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

@Suite("The schema that was released", .serialized)
struct ReleasedSchemaTests {
    /// The migrations of released versions, each with the hash of its statements. Later versions add lines and change
    /// none: a state that an old program wrote would differ from one that the new migration makes.
    private static let released: [(migration: String, hash: UInt64)] = [
        // 0.1.0
        ("1", 0xe215_29db_d635_49ee),
        // 0.2.0
        ("2", 0x80db_eea5_50e6_6c15),
        ("3", 0xcda0_bfee_c1e8_dc7a),
        ("4", 0x2487_f912_b4c8_e27c),
        ("5", 0x7527_567d_bfda_5402),
        ("6", 0x968a_c2e0_74b4_7fd1),
    ]

    /// FNV-1a: the standard library's hash differs between processes.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func withoutComments(_ sql: String) -> String {
        sql.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("--") }.joined(separator: "\n")
            .trimmingCharacters(in: .whitespaces)
    }

    @Test("is made by the same statements as in the release")
    func frozen() throws {
        #expect(Schema.migrator.migrations.starts(with: Self.released.map(\.migration)))
        try withTemporaryDirectory { directory in
            let queue = try DatabaseQueue(path: directory.appending(path: "state.db").path)
            defer { try? queue.close() }
            for (migration, expected) in Self.released {
                var statements: [String] = []
                queue.writeWithoutTransaction { db in
                    db.trace { event in
                        guard case .statement(let statement) = event else { return }
                        statements.append(statement.sql)
                    }
                }
                try Schema.migrator.migrate(queue, upTo: migration)
                queue.writeWithoutTransaction { $0.trace() }
                // Without comments, and without those of GRDB itself, which may change with its version.
                let own = statements.map(Self.withoutComments).filter { sql in
                    ["CREATE TABLE ", "CREATE UNIQUE ", "ALTER ", "DROP ", "INSERT ", "UPDATE ", "DELETE "].contains {
                        sql.hasPrefix($0)
                    } && !sql.contains("grdb_migrations")
                }
                #expect(!own.isEmpty)
                #expect(Self.hash(own.joined(separator: "\n")) == expected, "migration \(migration): \(own)")
            }
        }
    }
}
