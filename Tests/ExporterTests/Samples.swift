import AuditEvents
import AuditSources

/// Batches as returned for a log.
enum Samples {
    static func batch(_ events: [AuditEvent], malformed: Int = 0, bytes: Int = 100, positions: [FilePosition] = [])
        -> InputBatch
    {
        var scanned = ScannedEvents()
        scanned.events = events.map { SelectedEvent($0) }
        scanned.lines = events.count + malformed
        scanned.malformedCount = malformed
        scanned.lastEventTimestamp = events.last.flatMap { EventTimestamp($0.stageTimestamp)?.secondsSince1970 }
        return InputBatch(input: .file, path: "audit.log", scanned: scanned, bytes: bytes, positions: positions)
    }

    static func event(_ id: Int, of address: String = "192.0.2.1", second: Int = 0) -> AuditEvent {
        AuditEvent(
            auditID: "\(id)", stage: "ResponseComplete", verb: "get", groups: ["system:unauthenticated"],
            sourceIPs: [address], responseCode: 403, stageTimestamp: "2026-11-23T23:10:0\(second).000000Z")
    }

    static func position(_ offset: Int) -> FilePosition {
        FilePosition(
            path: "audit.log", inode: Inode(device: 1, number: 2), offset: offset, fingerprint: Fingerprint(of: []))
    }
}
