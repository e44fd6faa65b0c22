import AccessScanning
import AuditEvents
import Compression
import Foundation
import Testing
import TestSupport

@Suite("On real audit logs the detection agrees with the clients' own counts")
struct RealLogTests {
    @Test("from the log")
    func log() throws {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(selectedEvents(lines: try Fixture.bytes("audit-logs/metadata.log")))
        #expect(detector.counts == ExpectedCounts.metadata)
        // Nine watches and streams were logged in two stages.
        #expect(detector.duplicateEvents == 9)
    }

    @Test("from the webhook's bodies")
    func webhook() throws {
        var detector = AccessScanningDetector([.forbidden])
        for batch in 1...4 { detector.observe(try selectedEvents(eventList: "batch-\(batch)")) }
        #expect(detector.counts == ExpectedCounts.metadata)
    }

    @Test("and a second reading changes nothing")
    func secondReading() throws {
        let events = selectedEvents(lines: try Fixture.bytes("audit-logs/metadata.log"))
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(events)
        detector.observe(events.reversed())
        #expect(detector.counts == ExpectedCounts.metadata)
        #expect(detector.duplicateEvents == UInt64(9 + events.count))
    }

    @Test("from webhook batches that were sent again after a 500 or a 429")
    func retried() throws {
        let names = ["00001.500", "00002.429", "00003.200", "00005.429", "00006.200"]
        var once = AccessScanningDetector([.forbidden])
        for name in names.suffix(1) + names[2...2] {
            once.observe(try selectedEvents(eventList: "retried/\(name)"))
        }
        var all = AccessScanningDetector([.forbidden])
        for name in names { all.observe(try selectedEvents(eventList: "retried/\(name)")) }
        #expect(all.counts == once.counts)
        #expect(!once.counts.isEmpty)
    }

    @Test("from parallel clients that all sent the same Audit-ID")
    func sameAuditID() throws {
        var decompressor = Decompressor(.zstd)
        decompressor.feed(try Fixture.bytes("audit-logs/same-audit-id.log.zst"))
        var lines: [UInt8] = []
        while let piece = try decompressor.next() { lines += piece }
        try decompressor.finish()
        #expect(lines.count { $0 == UInt8(ascii: "\n") } == 5910)

        var detector = AccessScanningDetector([.forbidden])
        detector.observe(selectedEvents(lines: lines))
        #expect(detector.counts == ExpectedCounts.sameAuditID)
        #expect(detector.sum == 1691)
    }
}
