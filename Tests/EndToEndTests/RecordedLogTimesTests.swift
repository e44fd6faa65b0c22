import Foundation
import LocalStack
import Testing

/// The demo writes the recorded log with current times.
@Suite("The recorded log with shifted times")
struct RecordedLogTimesTests {
    // A regular expression is not Sendable.
    private static var times: Regex<(Substring, Substring)> {
        /"(?:requestReceivedTimestamp|stageTimestamp)":"([^"]*)"/
    }

    @Test("differs only in its times, which are all shifted equally and end at the given time")
    func moved() throws {
        let end = Date(timeIntervalSince1970: 1_800_000_000.25)
        let original = try RecordedLog.lines()
        let moved = try RecordedLog.lines(endingAt: end)
        #expect(moved.map { $0.replacing(Self.times, with: "") } == original.map { $0.replacing(Self.times, with: "") })

        let before = try original.map(Self.seconds)
        let after = try moved.map(Self.seconds)
        let shifts = Set(zip(before.joined(), after.joined()).map { Int((($1 - $0) * 1000).rounded()) })
        #expect(shifts.count == 1, "\(shifts)")
        let last = try #require(after.joined().max())
        #expect(last <= end.timeIntervalSince1970 && last > end.timeIntervalSince1970 - 2, "\(last)")
        // The fraction of a second distinguishes requests, so each of its digits must be kept.
        let fractions = { (lines: [String]) in
            lines.flatMap { $0.matches(of: Self.times) }.map { $0.1.suffix(8) }
        }
        #expect(fractions(moved) == fractions(original))
    }

    private static func seconds(_ line: String) throws -> [Double] {
        try line.matches(of: times).map {
            try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(String($0.1)).timeIntervalSince1970
        }
    }
}
