import AccessScanning
import AuditEvents
import Testing
import TestSupport

/// The counts of the clients that produced the real logs.
enum ExpectedCounts {
    /// Of audit-logs/metadata.log, and of the four webhook batches together.
    static let metadata: [String: UInt64] = [
        "127.0.0.1 verified": 1, "127.0.0.2 verified": 1, "127.0.0.3 verified": 5, "127.0.0.4 verified": 6,
        "127.0.0.5 verified": 7, "127.0.0.6 verified": 50, "127.0.0.7 verified": 12, "127.0.0.8 verified": 3,
        "127.0.0.9 verified": 6, "127.0.0.10 verified": 8, "127.0.0.11 verified": 8, "127.0.0.12 verified": 4,
        "127.0.0.13 verified": 10, "127.0.0.14 verified": 8, "127.0.0.15 verified": 2, "127.0.0.16 verified": 1,
        "198.51.100.7 claimed": 8, "203.0.113.9 claimed": 8, "203.0.113.20 claimed": 1, "203.0.113.21 claimed": 1,
        "203.0.113.22 claimed": 1, "203.0.113.23 claimed": 1, "203.0.113.24 claimed": 1, "203.0.113.25 claimed": 1,
        "203.0.113.26 claimed": 1, "203.0.113.27 claimed": 1, "8.8.8.8 claimed": 2, "9.9.9.9 claimed": 2,
        "2001:db8::1 claimed": 2,
    ]

    /// Of audit-logs/same-audit-id.log.zst.
    static let sameAuditID: [String: UInt64] = [
        "127.0.0.40 verified": 201, "127.0.0.41 verified": 221, "127.0.0.42 verified": 199, "127.0.0.43 verified": 205,
        "127.0.0.44 verified": 216, "127.0.0.45 verified": 216, "127.0.0.46 verified": 226, "127.0.0.47 verified": 207,
    ]
}

extension AccessScanningDetector {
    /// The counts by "address origin".
    var counts: [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: ledger.counts.counters.map {
                ("\($0.source.address) \($0.source.origin)", $0.requests)
            })
    }

    /// The sum of all counts.
    var sum: UInt64 {
        ledger.counts.counters.map(\.requests).reduce(ledger.counts.retiredRequests, +)
    }

    /// The counters by source of the first analytic.
    var ledger: SourceLedger { ledgers[0].sources }

    /// Its counters by network.
    var networks: NetworkCounts { ledgers[0].networks?.counts ?? NetworkCounts() }

    /// Counts requests of the first analytic.
    mutating func observe(_ event: AuditEvent, at time: Double) {
        observe(event, of: 0, at: time)
    }

    mutating func observe(_ events: [AuditEvent]) {
        for event in events { observe(event, at: 1000) }
    }
}

func selectedEvents(lines: [UInt8]) -> [AuditEvent] {
    var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
    return scanner.scan(lines: lines.span.bytes).events.map(\.event)
}

func selectedEvents(eventList name: String) throws -> [AuditEvent] {
    var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
    let body = try Fixture.bytes("audit-logs/webhook/\(name).json")
    return try scanner.scan(eventList: body.span.bytes).events.map(\.event)
}
