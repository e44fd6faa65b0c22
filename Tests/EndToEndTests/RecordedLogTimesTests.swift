import Foundation
import LocalStack
import Testing

/// The demo writes the recorded log as if it were of today.
@Suite("The recorded log, its times moved")
struct RecordedLogTimesTests {
    // A regular expression is not Sendable.
    private static var times: Regex<(Substring, Substring)> {
        /"(?:requestReceivedTimestamp|stageTimestamp)":"([^"]*)"/
    }

    @Test("is the same but for its times, which all moved by as much and end when they should")
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
        // The part of a second tells requests apart, so each digit of it must still be there.
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
