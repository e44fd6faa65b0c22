import AuditEvents
import GRDB

/// The tables of the database, and the migrations from older ones.
///
/// Text that may hold any character is a BLOB of UTF-8, since TEXT ends at a NUL; `CAST(path AS TEXT)` shows it. Counts
/// are the bits of a `UInt64`; from 2^63 on SQLite shows them as negative. Times are seconds since 1970.
enum Schema {
    /// Marks a SQLite database in its header as one of this exporter: "kaex".
    static let applicationID: Int64 = 0x6b61_6578

    /// A released migration is never changed; a new one is added. Released are 1 (version 0.1.0) and 2 to 6 (0.2.0).
    ///
    /// `ReleasedSchemaTests` compares their statements with those of the release, and `ReleasedStatesTests` reads the
    /// states that the released programs wrote.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            // One row. The version is that of the last exporter that wrote; later schemas keep that column, so that an
            // older exporter can name the version that is needed.
            try db.execute(
                sql: """
                    CREATE TABLE state (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        version TEXT NOT NULL,
                        key BLOB NOT NULL CHECK (length(key) = 16),
                        retired_requests INTEGER NOT NULL DEFAULT 0,
                        retired_network_requests INTEGER NOT NULL DEFAULT 0,
                        duplicate_events INTEGER NOT NULL DEFAULT 0,
                        observed_count INTEGER NOT NULL DEFAULT 0 CHECK (observed_count >= 0),
                        first_recognised INTEGER NOT NULL DEFAULT 0 CHECK (first_recognised >= 0),
                        last_event_timestamp REAL,
                        last_checkpoint REAL
                    ) STRICT;

                    -- Addresses as in the label src_ip.
                    CREATE TABLE source (
                        id INTEGER PRIMARY KEY,
                        address TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        country BLOB NOT NULL,
                        city BLOB NOT NULL,
                        first_seen REAL NOT NULL,
                        last_seen REAL NOT NULL,
                        requests INTEGER NOT NULL,
                        recent BLOB NOT NULL,
                        last_audit_id BLOB NOT NULL,
                        last_received REAL,
                        UNIQUE (address, origin)
                    ) STRICT;

                    -- Networks as in the label network.
                    CREATE TABLE network (
                        id INTEGER PRIMARY KEY,
                        network TEXT NOT NULL UNIQUE,
                        first_seen REAL NOT NULL,
                        last_seen REAL NOT NULL,
                        requests INTEGER NOT NULL,
                        recent BLOB NOT NULL
                    ) STRICT;

                    -- Counters that gave way, by population ("verified", "claimed", "network"): the place of the next
                    -- one, and all of them in pages, 20 bytes each, see DisplacedPage.
                    CREATE TABLE displaced (
                        population TEXT PRIMARY KEY,
                        next INTEGER NOT NULL CHECK (next >= 0),
                        untracked_requests INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE displaced_page (
                        population TEXT NOT NULL,
                        number INTEGER NOT NULL CHECK (number >= 0),
                        entries BLOB NOT NULL CHECK (length(entries) % 20 = 0),
                        PRIMARY KEY (population, number)
                    ) STRICT;

                    -- By the name of the entry of the filter.
                    CREATE TABLE filtered (
                        name BLOB PRIMARY KEY,
                        requests INTEGER NOT NULL
                    ) STRICT;

                    -- The events of one checkpoint, starting with number "first"; 48 bytes each, see
                    -- ObservedEventBlock.
                    CREATE TABLE observed (
                        first INTEGER PRIMARY KEY CHECK (first >= 0),
                        count INTEGER NOT NULL CHECK (count > 0 AND length(events) = 48 * count),
                        events BLOB NOT NULL
                    ) STRICT;

                    -- In the order of "change". A file has one position. Device and inode 0 belong to no file; such
                    -- positions are recognised by the content that was read.
                    CREATE TABLE position (
                        change INTEGER PRIMARY KEY,
                        path BLOB NOT NULL,
                        device INTEGER NOT NULL,
                        inode INTEGER NOT NULL,
                        offset INTEGER NOT NULL CHECK (offset >= 0),
                        fingerprint_length INTEGER NOT NULL CHECK (fingerprint_length >= 0),
                        fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
                        in_skipped_line INTEGER NOT NULL,
                        size INTEGER NOT NULL,
                        finished INTEGER NOT NULL
                    ) STRICT;
                    CREATE UNIQUE INDEX position_file ON position (device, inode)
                        WHERE device != 0 OR inode != 0;
                    CREATE UNIQUE INDEX position_content ON position (path, offset, fingerprint_length, fingerprint)
                        WHERE device = 0 AND inode = 0;

                    CREATE TABLE input (
                        name BLOB PRIMARY KEY,
                        lines INTEGER NOT NULL,
                        bytes INTEGER NOT NULL,
                        malformed INTEGER NOT NULL,
                        oversized INTEGER NOT NULL
                    ) STRICT;
                    """)
        }
        // Counters belong to an analytic; before, there was only one.
        migrator.registerMigration("2") { db in
            try db.execute(
                sql: """
                    -- By name. Rows of analytics that the exporter does not count stay, here and in the other tables,
                    -- so that no count is lost when such an analytic is counted again.
                    CREATE TABLE analytic (
                        name TEXT PRIMARY KEY,
                        retired_requests INTEGER NOT NULL,
                        retired_network_requests INTEGER NOT NULL
                    ) STRICT;
                    INSERT INTO analytic SELECT 'forbidden', retired_requests, retired_network_requests FROM state;
                    ALTER TABLE state DROP COLUMN retired_requests;
                    ALTER TABLE state DROP COLUMN retired_network_requests;

                    ALTER TABLE source RENAME TO source_1;
                    CREATE TABLE source (
                        id INTEGER PRIMARY KEY,
                        analytic TEXT NOT NULL,
                        address TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        country BLOB NOT NULL,
                        city BLOB NOT NULL,
                        first_seen REAL NOT NULL,
                        last_seen REAL NOT NULL,
                        requests INTEGER NOT NULL,
                        recent BLOB NOT NULL,
                        last_audit_id BLOB NOT NULL,
                        last_received REAL,
                        UNIQUE (analytic, address, origin)
                    ) STRICT;
                    INSERT INTO source SELECT id, 'forbidden', address, origin, country, city, first_seen, last_seen,
                        requests, recent, last_audit_id, last_received FROM source_1;
                    DROP TABLE source_1;

                    ALTER TABLE network RENAME TO network_1;
                    CREATE TABLE network (
                        id INTEGER PRIMARY KEY,
                        analytic TEXT NOT NULL,
                        network TEXT NOT NULL,
                        first_seen REAL NOT NULL,
                        last_seen REAL NOT NULL,
                        requests INTEGER NOT NULL,
                        recent BLOB NOT NULL,
                        UNIQUE (analytic, network)
                    ) STRICT;
                    INSERT INTO network SELECT id, 'forbidden', network, first_seen, last_seen, requests, recent
                        FROM network_1;
                    DROP TABLE network_1;

                    ALTER TABLE displaced RENAME TO displaced_1;
                    CREATE TABLE displaced (
                        analytic TEXT NOT NULL,
                        population TEXT NOT NULL,
                        next INTEGER NOT NULL CHECK (next >= 0),
                        untracked_requests INTEGER NOT NULL,
                        PRIMARY KEY (analytic, population)
                    ) STRICT;
                    INSERT INTO displaced SELECT 'forbidden', population, next, untracked_requests FROM displaced_1;
                    DROP TABLE displaced_1;

                    ALTER TABLE displaced_page RENAME TO displaced_page_1;
                    CREATE TABLE displaced_page (
                        analytic TEXT NOT NULL,
                        population TEXT NOT NULL,
                        number INTEGER NOT NULL CHECK (number >= 0),
                        entries BLOB NOT NULL CHECK (length(entries) % 20 = 0),
                        PRIMARY KEY (analytic, population, number)
                    ) STRICT;
                    INSERT INTO displaced_page SELECT 'forbidden', population, number, entries FROM displaced_page_1;
                    DROP TABLE displaced_page_1;
                    """)
        }
        // A position knows the cut-off of its log, the hash of the first line, and earlier positions, see MarkBlock.
        migrator.registerMigration("3") { db in
            try db.execute(
                sql: """
                    ALTER TABLE position ADD COLUMN counts_from REAL;
                    ALTER TABLE position ADD COLUMN beginning INTEGER;
                    ALTER TABLE position ADD COLUMN marks BLOB NOT NULL DEFAULT x'' CHECK (length(marks) % 32 = 0);
                    """)
        }
        // Requests that are older than --audit.from allows, and a bound for the counters that are created in an hour.
        migrator.registerMigration("4") { db in
            try db.execute(
                sql: """
                    ALTER TABLE state ADD COLUMN old_requests INTEGER NOT NULL DEFAULT 0;
                    -- The counters created within the last hour: minutes and numbers, 4 bytes each, see BirthsBlock.
                    ALTER TABLE displaced ADD COLUMN births BLOB NOT NULL DEFAULT x'';
                    -- Requests of sources without a counter, 68 bytes, see UncountedBlock; empty for none.
                    ALTER TABLE network ADD COLUMN uncounted BLOB NOT NULL DEFAULT x'';
                    """)
        }
        // The evidence of a source, and its last requests.
        migrator.registerMigration("5") { db in
            try db.execute(
                sql: """
                    -- The requests before the last one, see RequestsBlock.
                    ALTER TABLE source ADD COLUMN earlier_requests BLOB NOT NULL DEFAULT x'';
                    -- The paths of the last hour, 8 bytes each, see RecentPaths.entries.
                    ALTER TABLE source ADD COLUMN paths BLOB NOT NULL DEFAULT x'';
                    -- The requests of each minute of the last hour, 8 bytes each, see RequestsByMinute.entries.
                    ALTER TABLE source ADD COLUMN by_minute BLOB NOT NULL DEFAULT x'';
                    -- Requests whose values were left out, by column, 8 bytes each; empty for none.
                    ALTER TABLE source ADD COLUMN left_out BLOB NOT NULL DEFAULT x'';
                    -- The distinct values of a source, see Evidence.texts. They are large and change seldom, so they are
                    -- not in the row that changes with each request.
                    CREATE TABLE evidence (
                        source INTEGER PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
                        texts BLOB NOT NULL
                    ) STRICT;
                    """)
        }
        // A source has one profile for all analytics, and may have a counter for each kind of credentials. A profile has
        // the newest values too, and the outcomes of the requests with each value.
        migrator.registerMigration("6") { db in
            try db.execute(
                sql: """
                    ALTER TABLE source RENAME TO source_5;
                    CREATE TABLE source (
                        id INTEGER PRIMARY KEY,
                        analytic TEXT NOT NULL,
                        address TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        -- Empty for an analytic that does not distinguish them.
                        credentials TEXT NOT NULL,
                        country BLOB NOT NULL,
                        city BLOB NOT NULL,
                        first_seen REAL NOT NULL,
                        last_seen REAL NOT NULL,
                        requests INTEGER NOT NULL,
                        recent BLOB NOT NULL,
                        last_audit_id BLOB NOT NULL,
                        last_received REAL,
                        by_minute BLOB NOT NULL,
                        UNIQUE (analytic, address, origin, credentials)
                    ) STRICT;
                    INSERT INTO source SELECT id, analytic, address, origin, '', country, city, first_seen, last_seen,
                        requests, recent, last_audit_id, last_received, by_minute FROM source_5;

                    -- The requests before the last one as in RequestsBlock, the other blobs as they were in "source".
                    CREATE TABLE profile (
                        id INTEGER PRIMARY KEY,
                        address TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        country BLOB NOT NULL,
                        city BLOB NOT NULL,
                        last_seen REAL NOT NULL,
                        last_audit_id BLOB NOT NULL,
                        last_received REAL,
                        earlier_requests BLOB NOT NULL,
                        paths BLOB NOT NULL,
                        left_out BLOB NOT NULL,
                        UNIQUE (address, origin)
                    ) STRICT;
                    INSERT OR IGNORE INTO profile SELECT id, address, origin, country, city, last_seen, last_audit_id,
                        last_received, earlier_requests, paths, left_out FROM source_5
                        ORDER BY analytic != 'forbidden', id;

                    -- The distinct values of a source, see PackedTexts: the first ones, and the newest ones.
                    CREATE TABLE first_evidence (
                        profile INTEGER PRIMARY KEY REFERENCES profile (id) ON DELETE CASCADE,
                        texts BLOB NOT NULL
                    ) STRICT;
                    CREATE TABLE newest_evidence (
                        profile INTEGER PRIMARY KEY REFERENCES profile (id) ON DELETE CASCADE,
                        texts BLOB NOT NULL
                    ) STRICT;
                    """)
            try EvidenceOfSchema5.move(db)
            try db.execute(sql: "DROP TABLE evidence; DROP TABLE source_5")
        }
        // A position may be within a record of which a part was read.
        migrator.registerMigration("7") { db in
            try db.execute(
                sql: """
                    -- The place of the record in the log, and the number of bytes before its first item; NULL for none.
                    ALTER TABLE position ADD COLUMN head_offset INTEGER;
                    ALTER TABLE position ADD COLUMN head_length INTEGER;
                    """)
        }
        return migrator
    }

    /// Inserts the row of a new state.
    ///
    /// - Parameter version: The version of the exporter.
    static func insertState(_ db: Database, version: String) throws {
        let key = SipHash128.Key.random()
        try db.execute(
            sql: "INSERT INTO state (id, version, key) VALUES (1, ?, ?)",
            arguments: [version, LittleEndian.data(key.first, key.second)])
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    }
}
