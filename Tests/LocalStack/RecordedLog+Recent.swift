public import Foundation

extension RecordedLog {
    /// The lines as if the last one had been written at `end`.
    public static func lines(endingAt end: Date) throws -> [String] { try shifted(lines(), toEndAt: end) }

    /// The lines of other outcomes as if the last one had been written at `end`.
    public static func otherOutcomes(endingAt end: Date) throws -> [String] {
        try shifted(otherOutcomes(), toEndAt: end)
    }

    /// All times are shifted by the same whole seconds, so that related events stay related.
    private static func shifted(_ lines: [String], toEndAt end: Date) throws -> [String] {
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        let times = /"(requestReceivedTimestamp|stageTimestamp)":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+Z)"/
        let last = try lines.flatMap { $0.matches(of: times) }.map { try style.parse("\($0.2)Z") }.max() ?? end
        // The fraction of a second of the last line is ignored.
        let shift = end.timeIntervalSince(last).rounded(.down) - 1
        // Many events share a second.
        var moved: [Substring: String] = [:]
        return try lines.map { line in
            try line.replacing(times) { match in
                let second = try moved[match.2] ?? style.format(style.parse("\(match.2)Z").addingTimeInterval(shift))
                moved[match.2] = second
                return "\"\(match.1)\":\"\(second.dropLast())\(match.3)\""
            }
        }
    }
}
