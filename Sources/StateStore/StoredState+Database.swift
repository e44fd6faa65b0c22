import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB

extension StoredState {
    /// Reads a database of the current schema.
    ///
    /// - Throws: `ImpossibleContent`, or SQLite's error.
    init(_ db: Database) throws {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM state") else {
            throw ImpossibleContent(description: "the table state is empty")
        }
        let key: Data = try row.value("key")
        guard key.count == 16 else { throw ImpossibleContent(description: "a key of \(key.count) bytes") }
        self.init(
            key: SipHash128.Key(
                first: LittleEndian.number(in: key, at: 0), second: LittleEndian.number(in: key, at: 8)))
        var totals = DetectionTotals()
        totals.duplicateEvents = try row.count("duplicate_events")
        totals.oldRequests = try row.count("old_requests")
        totals.observedCount = try row.value("observed_count")
        totals.firstRecognised = try row.value("first_recognised")
        // Larger numbers leave no room for counting.
        guard 0...(.max / 2) ~= totals.observedCount, totals.firstRecognised >= 0 else {
            throw ImpossibleContent(description: "\(totals.observedCount) events, from \(totals.firstRecognised) on")
        }
        reading.lastEventTimestamp = try row.value("last_event_timestamp")
        lastCheckpoint = try row.value("last_checkpoint")
        detection.totals = totals
        detection.analytics = try Self.analytics(db)
        detection.profiles = try Self.profiles(db)
        detection.observed = try Self.observed(db, totals)
        positions = try Self.positions(db)
        let filtered = try Row.fetchCursor(db, sql: "SELECT * FROM filtered")
        while let row = try filtered.next() {
            detection.filteredRequests[try row.text("name")] = try row.count("requests")
        }
        let inputs = try Row.fetchCursor(db, sql: "SELECT * FROM input")
        while let row = try inputs.next() {
            reading.inputs[try row.text("name")] = ReadingTotals.Input(
                lines: try row.count("lines"), bytes: try row.count("bytes"), malformed: try row.count("malformed"),
                oversized: try row.count("oversized"))
        }
    }

    private static func analytics(_ db: Database) throws -> [String: AnalyticState] {
        var analytics: [String: AnalyticState] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM analytic")
        while let row = try rows.next() {
            let name: String = try row.value("name")
            var state = AnalyticState()
            state.retiredRequests = try row.count("retired_requests")
            state.retiredNetworkRequests = try row.count("retired_network_requests")
            for origin in Origin.allCases {
                state.displacedSources[origin] = try displaced(db, name, population: origin.rawValue)
            }
            state.displacedNetworks = try displaced(db, name, population: "network") ?? DisplacedState()
            analytics[name] = state
        }
        try readSources(db, into: &analytics)
        try readNetworks(db, into: &analytics)
        return analytics
    }

    private static func readSources(_ db: Database, into analytics: inout [String: AnalyticState]) throws {
        // Few analytics: the last one is nearly always that of the next row.
        var found: [(analytic: String, counters: [SourceCounter])] = []
        try StoredRow.forEach(
            db,
            sql: """
                SELECT analytic, credentials, address, origin, country, city, first_seen, last_seen, requests, recent,
                    last_audit_id, last_received, by_minute, id FROM source ORDER BY id
                """, ascending: 13
        ) { row in
            let credentials = try row.isText(1, "") ? nil : try row.credentials(1)
            let last = RequestReference(auditID: try row.text(10), received: try row.optionalNumber(11))
            let place = try found.lastIndex { try row.isText(0, $0.analytic) } ?? found.count
            if place == found.count { found.append((try row.string(0), [])) }
            found[place].counters.append(
                SourceCounter(
                    SourceSubject(try row.source(2), credentials), location: try row.location(4),
                    firstSeen: try row.number(6), lastSeen: try row.number(7), requests: try row.count(8),
                    recent: try row.recentRequests(9), lastRequest: last.isEmpty ? nil : last,
                    byMinute: row.requestsByMinute(12)))
        }
        for (analytic, counters) in found {
            analytics[analytic, default: AnalyticState()].counters = inOrderOfCreation(counters)
        }
    }

    /// Sorts counters by the time of their creation. Those of one time stay in their order.
    ///
    /// - Parameter counters: In the order in which they were written first, which is nearly always the one wanted.
    private static func inOrderOfCreation(_ counters: [SourceCounter]) -> [SourceCounter] {
        let times = counters.indices.map { counters[$0].firstSeen }
        guard !zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) else { return counters }
        return counters.indices.sorted { (times[$0], $0) < (times[$1], $1) }.map { counters[$0] }
    }

    private static func profiles(_ db: Database) throws -> [SourceProfile] {
        var profiles: [SourceProfile] = []
        try StoredRow.forEach(
            db,
            sql: """
                SELECT address, origin, country, city, last_seen, first_evidence.texts, newest_evidence.texts, left_out,
                    paths, last_audit_id, last_received, earlier_requests, id FROM profile
                    LEFT JOIN first_evidence ON first_evidence.profile = id
                    LEFT JOIN newest_evidence ON newest_evidence.profile = id ORDER BY id
                """, ascending: 12
        ) { row in
            let last = RequestReference(auditID: try row.text(9), received: try row.optionalNumber(10))
            let (source, location) = (try row.source(0), try row.location(2))
            let lastSeen = try row.number(4)
            profiles.append(
                row.withBlob(11) { earlier in
                    SourceProfile(
                        source: source, location: location, lastSeen: lastSeen,
                        evidence: Evidence(first: row.bytes(5), newest: row.bytes(6), leftOutValues: row.numbers(7)),
                        paths: RecentPaths(stored: row.numbers(8)), earlierRequests: earlier.bytes, lastRequest: last)
                })
        }
        return profiles
    }

    private static func readNetworks(_ db: Database, into analytics: inout [String: AnalyticState]) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM network ORDER BY first_seen, id")
        while let row = try rows.next() {
            let network: String = try row.value("network")
            guard let network = SourceNetwork(label: network) else {
                throw ImpossibleContent(description: "not a network: \(network)")
            }
            analytics[try row.value("analytic"), default: AnalyticState()].networks.append(
                NetworkCounter(
                    network: network, firstSeen: try row.value("first_seen"), lastSeen: try row.value("last_seen"),
                    requests: try row.count("requests"), recent: try row.recentRequests("recent"),
                    uncounted: UncountedBlock.uncounted(try row.value("uncounted"))))
        }
    }

    private static func displaced(_ db: Database, _ analytic: String, population: String) throws -> DisplacedState? {
        let sql = "SELECT * FROM displaced WHERE analytic = ? AND population = ?"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [analytic, population]) else { return nil }
        var state = DisplacedState()
        state.next = try row.value("next")
        state.untrackedRequests = try row.count("untracked_requests")
        state.births = BirthsBlock.births(try row.value("births"))
        let pages = try Row.fetchCursor(
            db,
            sql: "SELECT number, entries FROM displaced_page WHERE analytic = ? AND population = ? ORDER BY number",
            arguments: [analytic, population])
        var last = -1
        while let page = try pages.next() {
            let number: Int = try page.value("number")
            guard number > last else { throw ImpossibleContent(description: "the page \(number) after \(last)") }
            last = number
            state.entries += DisplacedPage.entries(try page.value("entries"))
        }
        guard 0...state.entries.count ~= state.next else {
            throw ImpossibleContent(description: "no place \(state.next) among \(state.entries.count)")
        }
        return state
    }

    private static func observed(_ db: Database, _ totals: DetectionTotals) throws -> [ObservedEvent] {
        var observed: [ObservedEvent] = []
        var next: Int?
        let rows = try Row.fetchCursor(db, sql: "SELECT first, events FROM observed ORDER BY first")
        while let row = try rows.next() {
            let first: Int = try row.value("first")
            let events: Data = try row.value("events")
            guard 0...totals.observedCount ~= first, next == nil || first == next,
                events.count % ObservedEventBlock.stride == 0
            else {
                throw ImpossibleContent(description: "observed events from \(first) on do not follow those before")
            }
            observed += ObservedEventBlock.events(events)
            next = first + events.count / ObservedEventBlock.stride
        }
        guard next == nil || next == totals.observedCount else {
            throw ImpossibleContent(description: "observed events end before \(totals.observedCount)")
        }
        let forgotten = totals.firstRecognised - (totals.observedCount - observed.count)
        if forgotten > 0 { observed.removeFirst(min(forgotten, observed.count)) }
        return observed
    }

    private static func positions(_ db: Database) throws -> [FilePosition] {
        var positions: [FilePosition] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM position ORDER BY change")
        while let row = try rows.next() {
            let digest: Data = try row.value("fingerprint")
            let offset: Int = try row.value("offset")
            let length: Int = try row.value("fingerprint_length")
            guard digest.count == 16, offset >= 0, 0...Fingerprint.limit ~= length else {
                throw ImpossibleContent(description: "no position: \(offset), of \(length) bytes")
            }
            let head = try head(row, before: offset)
            let fingerprint = Fingerprint(
                length: length,
                digest: SipHash128.Digest(
                    first: LittleEndian.number(in: digest, at: 0), second: LittleEndian.number(in: digest, at: 8)))
            positions.append(
                FilePosition(
                    path: try row.text("path"),
                    inode: Inode(device: try row.count("device"), number: try row.count("inode")),
                    offset: offset, fingerprint: fingerprint, isInSkippedLine: try row.value("in_skipped_line"),
                    size: try row.value("size"), isFinished: try row.value("finished"),
                    countsFrom: try row.value("counts_from"),
                    beginning: (try row.value("beginning") as Int64?).map { UInt64(bitPattern: $0) },
                    marks: MarkBlock.marks(try row.value("marks")), head: head))
        }
        return positions
    }

    private static func head(_ row: Row, before offset: Int) throws -> Range<Int>? {
        guard let start = try row.value("head_offset") as Int?, let length = try row.value("head_length") as Int? else {
            return nil
        }
        guard 0...FilePosition.longestHead ~= length, start >= 0, start <= offset - length else {
            throw ImpossibleContent(description: "no head of a record: \(length) bytes at \(start)")
        }
        return start..<start + length
    }
}

extension Row {
    fileprivate func recentRequests(_ column: String) throws -> RecentRequests {
        let data: Data = try value(column)
        return RecentRequests(newestFirst: (0..<data.count / 4).map { LittleEndian.number(in: data, at: 4 * $0) })
    }
}

extension SourceNetwork {
    /// The network of a value of the label `network`.
    fileprivate init?(label: String) {
        switch label {
        case "invalid": self = .invalid
        case "other": self = .other
        default:
            guard let network = Network(label) else { return nil }
            self = .network(network)
        }
    }
}

extension Source {
    /// The source of a value of the label `src_ip`.
    init?(address: String, _ origin: Origin) {
        guard let address = SourceAddress(address) else { return nil }
        self.init(address, origin)
    }
}

extension Row {
    /// The value of a column. GRDB's subscript would stop the process if it is of another type.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        try decode(Value.self, forColumn: column)
    }

    /// A number that is stored by its bits.
    func count(_ column: String) throws -> UInt64 {
        UInt64(bitPattern: try decode(Int64.self, forColumn: column))
    }

    /// Text that is stored as a BLOB.
    func text(_ column: String) throws -> String {
        String(decoding: try decode(Data.self, forColumn: column), as: UTF8.self)
    }
}

/// Content that no exporter writes: damage that SQLite does not detect, or a checkpoint that would cause it.
struct ImpossibleContent: Error, CustomStringConvertible {
    let description: String
}
