import AccessScanning
import AuditEvents
import AuditSources
import StateStore
import TestSupport

/// Values to store.
enum Samples {
    static func counter(
        _ address: String, _ requests: UInt64 = 1, firstSeen: Double = 1, auditID: String = "a",
        country: String = "", origin: Origin = .verified
    ) -> SourceCounter {
        let reference = RequestReference(auditID: auditID, received: nil)
        return SourceCounter(
            SourceSubject(Source(IPAddress(address).map { .address($0) } ?? .invalid, origin)),
            location: Location(country: country, city: ""), firstSeen: firstSeen, lastSeen: firstSeen,
            requests: requests, lastRequest: reference.isEmpty ? nil : reference)
    }

    static func observed(_ number: Int) -> ObservedEvent {
        let number = UInt64(number)
        return ObservedEvent(
            request: RequestIdentity(digest: SipHash128.Digest(first: number, second: .max - number)),
            event: EventIdentity(digest: SipHash128.Digest(first: ~number, second: number << 32)),
            stages: StageCounts(SIMD4(1, UInt32(truncatingIfNeeded: number), .max, 0)))
    }

    static func position(
        _ path: String, inode: UInt64, offset: Int = 0, content: String = "", isInSkippedLine: Bool = false,
        isFinished: Bool = false
    ) -> FilePosition {
        FilePosition(
            path: path, inode: inode == 0 ? .none : Inode(device: 1, number: inode), offset: offset,
            fingerprint: Fingerprint(of: Array(content.utf8)), isInSkippedLine: isInSkippedLine,
            size: offset / 2, isFinished: isFinished)
    }
}

extension Checkpoint {
    /// A checkpoint of these changes alone.
    static func of(
        counters: [SourceCounter] = [], retired: Set<SourceSubject> = [], positions: [FilePosition] = [],
        reading: ReadingTotals = ReadingTotals(), time: Double = 0
    ) -> Checkpoint {
        var checkpoint = Checkpoint(detection: DetectionChanges(), positions: positions, reading: reading, time: time)
        checkpoint.detection.forbidden.counters = counters
        checkpoint.detection.forbidden.removedSources = retired
        return checkpoint
    }

    /// A checkpoint of the events with these numbers, which are the last ones, recognized from `first` on.
    static func of(events: Range<Int>, recognisedFrom first: Int = 0) -> Checkpoint {
        var checkpoint = Checkpoint.of()
        checkpoint.detection.observed = events.map(Samples.observed)
        checkpoint.detection.totals.observedCount = events.upperBound
        checkpoint.detection.totals.firstRecognised = first
        return checkpoint
    }
}
