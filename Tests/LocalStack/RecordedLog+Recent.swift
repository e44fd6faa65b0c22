public import Foundation

extension RecordedLog {
    /// The lines as if the last one had been written at `moment`: all times are shifted by the same whole seconds, so
    /// that related events stay related.
    public static func lines(endingAt end: Date) throws -> [String] {
        let lines = try lines()
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
