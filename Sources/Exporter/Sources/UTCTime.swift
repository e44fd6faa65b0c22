/// A time as JSON and pages show it: UTC, to the microsecond, such as `2026-11-23T23:10:06.716266Z` (RFC 3339).
struct UTCTime: Sendable, Hashable, CustomStringConvertible {
    /// Microseconds since 1970.
    private let microseconds: Int64

    /// - Parameter seconds: Seconds since 1970. Times outside the years 1970 to 9999, which RFC 3339 cannot write, become
    ///   the nearest one.
    init(_ seconds: Double) {
        let last = 253_402_300_799.0
        // Also for a time that is not a number.
        let limited = seconds > 0 ? min(seconds, last) : 0
        microseconds = Int64((limited * 1e6).rounded())
    }

    /// The time to the microsecond.
    var description: String {
        let fraction = String(microseconds % 1_000_000)
        return "\(date)T\(clock).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)Z"
    }

    /// The date and the time to the second, for people: `2026-11-23 23:10:06`.
    var short: String { "\(date) \(clock)" }

    /// The time of the day to the minute, such as `23:10`.
    var hourAndMinute: String { String(clock.prefix(5)) }

    private var clock: String {
        let second = microseconds / 1_000_000 % 86400
        let (hours, minutes) = (Self.twoDigits(second / 3600), Self.twoDigits(second / 60 % 60))
        return "\(hours):\(minutes):\(Self.twoDigits(second % 60))"
    }

    private var date: String {
        // The reverse of `EventTimestamp`'s calculation: years begin in March, so that the leap day is last.
        let days = microseconds / 86_400_000_000 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return "\(year)-\(Self.twoDigits(month))-\(Self.twoDigits(day))"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
