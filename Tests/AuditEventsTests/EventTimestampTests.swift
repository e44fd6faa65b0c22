import AuditEvents
import Foundation
import Testing
import TestSupport

@Suite("Timestamps of events")
struct EventTimestampTests {
    @Test(
        "are read in every form that RFC 3339 allows",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T23:10:06.716266Z", 1_795_475_406.716266),
            ("2026-11-24T01:10:06.716266+02:00", 1_795_475_406.716266), ("2024-02-29T23:59:60Z", 1_709_251_200),
            ("2026-11-23T23:10:06.5z", 1_795_475_406.5), ("2026-11-23t18:40:06.7162669999-04:30", 1_795_475_406.716266),
            ("1969-12-31T23:59:59Z", -1),
        ])
    func forms(text: String, seconds: Double) {
        #expect(EventTimestamp(text)?.secondsSince1970 == seconds)
    }

    @Test("agree with Foundation's calendar")
    func agreesWithFoundation() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let seconds = Double(Int.random(in: -2_000_000_000...8_000_000_000, using: &random))
            let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
            #expect(EventTimestamp(text)?.secondsSince1970 == seconds, "\(text)")
        }
    }

    @Test(
        "that are invalid are rejected",
        arguments: [
            "", "2026", "2026-11-23", "2026-11-23T23:10:06", "2026-11-23T23:10:06.Z", "2026-13-23T23:10:06Z",
            "2026-11-23T24:10:06Z", "2026-11-23T23:10:06Z ", "2026-11-23T23:10:06+0200", "２026-11-23T23:10:06Z",
        ])
    func refused(text: String) {
        #expect(EventTimestamp(text) == nil)
    }
}
