import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB
import StateStore

/// A damaged database is read, rejected with a message, or moved aside; data that was read is the same the next time,
/// and the exporter can continue from it.
///
/// The input is a list of changes to a small valid database. Its first byte selects changes of bytes or of values.
enum StateTarget {
    private static let now = 1_795_475_674.0

    static func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        let template = try StateTemplate.shared.get()
        var script = bytes.dropFirst()
        try ScratchDirectory.with { directory in
            let path = "\(directory)/state.db"
            switch first & 3 {
            case 0, 1: try ScratchFile.write(changed(template.bytes, by: &script), to: path)
            case 2:
                try ScratchFile.write(template.bytes, to: path)
                try changeValues(in: path, of: template, by: &script)
            default:
                try ScratchFile.write(template.lax, to: path)
                try changeValues(in: path, of: template, by: &script)
            }
            try hold(directory)
        }
    }

    /// Each change is three bytes for the position, one for the length, and the bytes.
    private static func changed(_ bytes: [UInt8], by script: inout ArraySlice<UInt8>) -> [UInt8] {
        var bytes = bytes
        while script.count > 4 {
            let place = Int(number(script.prefix(3))) % bytes.count
            // No bytes mean the end of the file.
            let count = Int(script[script.startIndex + 3] & 0x0f)
            script = script.dropFirst(4)
            guard count > 0 else {
                bytes.removeSubrange(max(place, 1)...)
                continue
            }
            // The first sixteen identify a database; without them there is nothing to find.
            for (index, byte) in zip(max(place, 16)..., script.prefix(count)) where index < bytes.count {
                bytes[index] = byte
            }
            script = script.dropFirst(count)
        }
        return bytes
    }

    /// Each change is a byte for the column, one for the row and the kind, and the value.
    private static func changeValues(
        in path: String, of template: StateTemplate, by script: inout ArraySlice<UInt8>
    ) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON")
            var changes = 0
            while script.count >= 2, changes < 8 {
                let column = template.columns[Int(script.removeFirst()) % template.columns.count]
                let kind = script.removeFirst()
                let value = value(of: kind & 7, from: &script)
                // Values that the schema forbids are not changed.
                try? db.execute(
                    sql: """
                        UPDATE "\(column.table)" SET "\(column.name)" = ?
                        WHERE rowid = (SELECT rowid FROM "\(column.table)" LIMIT 1 OFFSET ?)
                        """,
                    arguments: [value, Int(kind >> 3 & 3)])
                changes += 1
            }
        }
    }

    private static let extremes: [DatabaseValue] =
        [Int64.min, -1, 0, 1 << 53, Int64(UInt32.max), .max].map(\.databaseValue)
        + [-.infinity, -1e300, -9.3e18, -0.0, 1e-300, 9.3e18, 1e300, .infinity].map(\.databaseValue)

    private static func value(of kind: UInt8, from script: inout ArraySlice<UInt8>) -> DatabaseValue {
        if kind == 1 { return extremes[Int(script.popFirst() ?? 0) % extremes.count] }
        let length = kind < 3 ? 8 : Int(script.popFirst() ?? 0)
        let bytes = script.prefix(length)
        script = script.dropFirst(length)
        return switch kind {
        case 0: Int64(bitPattern: number(bytes)).databaseValue
        case 2: Double(bitPattern: number(bytes)).databaseValue
        case 3, 4: String(decoding: bytes, as: UTF8.self).databaseValue
        case 5, 6: Data(bytes).databaseValue
        default: .null
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func hold(_ directory: String) throws {
        let store: StateStore
        let stored: StoredState
        do throws(StateStoreError) {
            (store, stored) = try StateStore.open(directory: directory, version: "1.0", at: now)
        } catch {
            return try Disagreement.unless(
                error.path.hasPrefix(directory) && !error.reason.isEmpty && error.kind != .damaged,
                "an error that says too little, or should have been repaired: \(error)")
        }
        defer { store.close() }
        if let damaged = store.damaged {
            let aside = try ScratchFile.content(of: damaged.path)
            try Disagreement.unless(aside != nil && !damaged.reason.isEmpty, "\(damaged) was not moved aside")
            try Disagreement.unless(
                stored == StoredState(key: stored.detection.key), "something in a new database: \(stored)")
        }
        store.close()
        let (again, same) = try StateStore.open(directory: directory, version: "1.0", at: now)
        defer { again.close() }
        try Disagreement.unless(
            again.damaged == nil, "damaged when it is opened again: \(String(describing: again.damaged))")
        try Disagreement.unless(stored == same, "\(stored), and when it is opened again \(same)")
        try goOn(from: stored)
    }

    /// As the exporter does.
    private static func goOn(from stored: StoredState) throws {
        var detector = AccessScanningDetector([.forbidden], restoring: stored.detection, at: now)
        detector.observe(
            AuditEvent(auditID: "1", stage: "ResponseComplete", sourceIPs: ["192.0.2.1"]), of: 0, at: now)
        let counters = detector.ledgers.flatMap { $0.counts.sources.counters }
        try Disagreement.unless(
            counters.allSatisfy {
                $0.firstSeen <= now && $0.lastSeen <= now && $0.lastRequest?.received ?? now <= now
            },
            "a time in the future: \(counters)")
        let profiles = detector.profiles.profiles
        try Disagreement.unless(
            profiles.allSatisfy {
                $0.lastSeen <= now && $0.lastRequests.allSatisfy { $0.received ?? now <= now }
                    && $0.paths.count(at: now) <= RecentPaths.limit
            },
            "a time in the future: \(profiles)")
        detector.retireSilentSources(at: now)
        _ = detector.takeChanges()
        guard let pattern = LogPattern("/nonexistent/audit.log") else { return }
        var follower = LogFollower(
            [pattern], from: .beginning, selecting: [.unauthenticatedForbidden],
            restoring: KnownPositions(stored.positions))
        for _ in 0..<3 {
            follower.look()
            while follower.next() != nil {}
        }
    }
}
