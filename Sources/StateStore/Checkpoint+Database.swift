import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB

// A commit writes each page that it touches as a whole. So rows that have not changed are not written, and rows that
// change often are updated in place, which leaves their indices alone; `INSERT OR REPLACE` would write these, too.

extension Checkpoint {
    /// Writes the checkpoint within a transaction.
    ///
    /// - Parameter version: The version of the exporter.
    func write(_ db: Database, version: String) throws {
        for analytic in detection.analytics { try analytic.write(db) }
        try detection.profiles.write(db)
        try writeFiltered(db)
        try writeObserved(db)
        try writePositions(db)
        try writeReading(db)
        let totals = detection.totals
        try db.cachedStatement(
            sql: """
                UPDATE state SET version = ?, duplicate_events = ?, old_requests = ?, observed_count = ?,
                    first_recognised = ?, last_event_timestamp = coalesce(?, last_event_timestamp), last_checkpoint = ?
                """
        ).execute(arguments: [
            version, Int64(bitPattern: totals.duplicateEvents), Int64(bitPattern: totals.oldRequests),
            totals.observedCount, totals.firstRecognised, reading.lastEventTimestamp, time,
        ])
    }

    private func writeFiltered(_ db: Database) throws {
        for (name, requests) in detection.filteredRequests {
            try db.cachedStatement(
                sql: """
                    INSERT INTO filtered (name, requests) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET requests = excluded.requests WHERE requests != excluded.requests
                    """
            ).execute(arguments: [Data(name.utf8), Int64(bitPattern: requests)])
        }
    }

    private func writeObserved(_ db: Database) throws {
        let events = detection.observed
        let begin = detection.totals.observedCount - events.count
        // Content that could not be read again must not be written: a repeated checkpoint, or one with a gap before it.
        let end = try Int.fetchOne(db, sql: "SELECT first + count FROM observed ORDER BY first DESC LIMIT 1")
        if let end, end != begin, end > detection.totals.firstRecognised {
            throw ImpossibleContent(
                description: "the checkpoint's events begin with number \(begin), and those before end with \(end)")
        }
        if !events.isEmpty {
            try db.cachedStatement(sql: "INSERT INTO observed (first, count, events) VALUES (?, ?, ?)")
                .execute(arguments: [begin, events.count, ObservedEventBlock.data(events)])
        }
        // Rows have no gaps between them, so all rows before the one with the first recognised event can be deleted.
        // Comparing the end of each row would read all of them.
        let first = detection.totals.firstRecognised
        let holding = "(SELECT max(first) FROM observed WHERE first <= ?1)"
        for sql in [
            "DELETE FROM observed WHERE first < \(holding)",
            "DELETE FROM observed WHERE first = \(holding) AND first + count <= ?1",
        ] { try db.cachedStatement(sql: sql).execute(arguments: [first]) }
    }

    private func writePositions(_ db: Database) throws {
        // A file that was the last one to change stays the last one.
        let update = try db.cachedStatement(
            sql: """
                UPDATE position SET path = ?, offset = ?, fingerprint_length = ?, fingerprint = ?, in_skipped_line = ?,
                    size = ?, finished = ?, counts_from = ?, beginning = ?, marks = ?, head_offset = ?,
                    head_length = ?
                    WHERE change = (SELECT max(change) FROM position) AND device = ? AND inode = ? AND inode != 0
                """)
        // The unique indices replace the position of the same file; new rows come last.
        let replace = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO position (path, offset, fingerprint_length, fingerprint, in_skipped_line, size,
                    finished, counts_from, beginning, marks, head_offset, head_length, device, inode)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        var hasNewRows = false
        for position in positions {
            let row: StatementArguments = [
                Data(position.path.utf8), position.offset, position.fingerprint.length,
                LittleEndian.data(position.fingerprint.digest.first, position.fingerprint.digest.second),
                position.isInSkippedLine, position.size, position.isFinished, position.countsFrom,
                position.beginning.map { Int64(bitPattern: $0) }, MarkBlock.data(position.marks),
                position.head?.lowerBound, position.head?.count,
                Int64(bitPattern: position.inode.device), Int64(bitPattern: position.inode.number),
            ]
            try update.execute(arguments: row)
            guard db.changesCount == 0 else { continue }
            try replace.execute(arguments: row)
            hasNewRows = true
        }
        guard hasNewRows else { return }
        try db.execute(
            sql: """
                DELETE FROM position WHERE change <=
                    (SELECT change FROM position ORDER BY change DESC LIMIT 1 OFFSET \(KnownPositions.limit))
                """)
    }

    private func writeReading(_ db: Database) throws {
        for (name, input) in reading.inputs {
            try db.cachedStatement(
                sql: """
                    INSERT INTO input (name, lines, bytes, malformed, oversized) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET lines = excluded.lines, bytes = excluded.bytes,
                        malformed = excluded.malformed, oversized = excluded.oversized
                        WHERE lines != excluded.lines OR bytes != excluded.bytes
                            OR malformed != excluded.malformed OR oversized != excluded.oversized
                    """
            ).execute(arguments: [
                Data(name.utf8), Int64(bitPattern: input.lines), Int64(bitPattern: input.bytes),
                Int64(bitPattern: input.malformed), Int64(bitPattern: input.oversized),
            ])
        }
    }
}

extension AnalyticChanges {
    /// Writes the changes within a transaction.
    fileprivate func write(_ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO analytic (name, retired_requests, retired_network_requests) VALUES (?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET retired_requests = excluded.retired_requests,
                    retired_network_requests = excluded.retired_network_requests
                    WHERE retired_requests != excluded.retired_requests
                        OR retired_network_requests != excluded.retired_network_requests
                """
        ).execute(arguments: [name, Int64(bitPattern: retiredRequests), Int64(bitPattern: retiredNetworkRequests)])
        try writeSources(db)
        try writeNetworks(db)
        for (origin, changes) in displacedSources { try write(changes, of: origin.rawValue, db) }
        if let displacedNetworks { try write(displacedNetworks, of: "network", db) }
    }

    private func writeSources(_ db: Database) throws {
        let remove = try db.cachedStatement(
            sql: "DELETE FROM source WHERE analytic = ? AND address = ? AND origin = ? AND credentials = ?")
        for subject in removedSources {
            try remove.execute(arguments: [
                name, subject.source.address.description, subject.source.origin.rawValue,
                subject.credentials?.rawValue ?? "",
            ])
        }
        let keep = try db.cachedStatement(
            sql: """
                INSERT INTO source (analytic, address, origin, credentials, country, city, first_seen, last_seen,
                    requests, recent, last_audit_id, last_received, by_minute)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (analytic, address, origin, credentials) DO UPDATE SET country = excluded.country,
                    city = excluded.city, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
                    requests = excluded.requests, recent = excluded.recent, last_audit_id = excluded.last_audit_id,
                    last_received = excluded.last_received, by_minute = excluded.by_minute
                """)
        for counter in counters {
            try keep.execute(arguments: [
                name, counter.source.address.description, counter.source.origin.rawValue,
                counter.credentials?.rawValue ?? "", Data(counter.location.country.utf8),
                Data(counter.location.city.utf8), counter.firstSeen, counter.lastSeen,
                Int64(bitPattern: counter.requests), LittleEndian.data(counter.recent.times),
                Data((counter.lastRequest?.auditID ?? "").utf8), counter.lastRequest?.received,
                NumbersBlock.data(counter.byMinute.entries),
            ])
        }
    }

    private func writeNetworks(_ db: Database) throws {
        let remove = try db.cachedStatement(sql: "DELETE FROM network WHERE analytic = ? AND network = ?")
        for network in removedNetworks { try remove.execute(arguments: [name, network.description]) }
        let keep = try db.cachedStatement(
            sql: """
                INSERT INTO network (analytic, network, first_seen, last_seen, requests, recent, uncounted)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (analytic, network) DO UPDATE SET first_seen = excluded.first_seen,
                    last_seen = excluded.last_seen, requests = excluded.requests, recent = excluded.recent,
                    uncounted = excluded.uncounted
                """)
        for counter in networks {
            try keep.execute(arguments: [
                name, counter.network.description, counter.firstSeen, counter.lastSeen,
                Int64(bitPattern: counter.requests), LittleEndian.data(counter.recent.times),
                UncountedBlock.data(counter.uncounted),
            ])
        }
    }

    private func write(_ changes: DisplacedChanges, of population: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO displaced (analytic, population, next, untracked_requests, births)
                    VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (analytic, population) DO UPDATE SET next = excluded.next,
                    untracked_requests = excluded.untracked_requests, births = excluded.births
                    WHERE next != excluded.next OR untracked_requests != excluded.untracked_requests
                        OR births != excluded.births
                """
        ).execute(arguments: [
            name, population, changes.next, Int64(bitPattern: changes.untrackedRequests),
            BirthsBlock.data(changes.births),
        ])
        try db.cachedStatement(
            sql: "DELETE FROM displaced_page WHERE analytic = ? AND population = ? AND number >= ?"
        ).execute(arguments: [name, population, changes.pageCount])
        let keep = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO displaced_page (analytic, population, number, entries) VALUES (?, ?, ?, ?)")
        for (number, page) in changes.pages {
            try keep.execute(arguments: [name, population, number, DisplacedPage.data(page)])
        }
    }
}

extension ProfileChanges {
    /// Writes the changes within a transaction.
    fileprivate func write(_ db: Database) throws {
        let remove = try db.cachedStatement(sql: "DELETE FROM profile WHERE address = ? AND origin = ?")
        for source in removed { try remove.execute(arguments: [source.address.description, source.origin.rawValue]) }
        let keep = try db.cachedStatement(
            sql: """
                INSERT INTO profile (address, origin, country, city, last_seen, last_audit_id, last_received,
                    earlier_requests, paths, left_out)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (address, origin) DO UPDATE SET country = excluded.country, city = excluded.city,
                    last_seen = excluded.last_seen, last_audit_id = excluded.last_audit_id,
                    last_received = excluded.last_received, earlier_requests = excluded.earlier_requests,
                    paths = excluded.paths, left_out = excluded.left_out
                """)
        // The first values of a source hardly ever change, the newest ones may with each request.
        let parts = try [(Evidence.Change.first, "first_evidence"), (.newest, "newest_evidence")].map { part, table in
            (
                part,
                try db.cachedStatement(
                    sql: """
                        INSERT INTO \(table) (profile, texts)
                            SELECT id, ? FROM profile WHERE address = ? AND origin = ?
                        ON CONFLICT (profile) DO UPDATE SET texts = excluded.texts
                        """)
            )
        }
        for profile in profiles {
            let (address, origin) = (profile.source.address.description, profile.source.origin.rawValue)
            let requests = profile.lastRequests
            try keep.execute(arguments: [
                address, origin, Data(profile.location.country.utf8), Data(profile.location.city.utf8),
                profile.lastSeen, Data((requests.last?.auditID ?? "").utf8), requests.last?.received,
                RequestsBlock.data(requests.dropLast()), NumbersBlock.data(profile.paths.entries),
                NumbersBlock.data(profile.evidence.leftOutValues),
            ])
            guard let change = changedEvidence[profile.source] else { continue }
            for (part, statement) in parts where change.contains(part) {
                let texts = part == .first ? profile.evidence.firstTexts : profile.evidence.newestTexts
                try statement.execute(arguments: [Data(texts), address, origin])
            }
        }
    }
}
