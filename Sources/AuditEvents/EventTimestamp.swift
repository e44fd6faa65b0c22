/// A point in time as audit events write it: RFC 3339 such as `2026-11-23T23:10:06.716266Z`.
///
/// Written for the hot path, where a general date parser would cost more than the rest of the event.
public struct EventTimestamp: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z, to the microsecond.
    public let secondsSince1970: Double

    /// Parses RFC 3339: date, `T`, time, any number of fractional digits, `Z` or an offset such as `+02:00`.
    ///
    /// - Parameter text: The timestamp, with nothing before or after it. Any other text gives `nil`.
    public init?(_ text: String) {
        var text = text
        guard let seconds = text.withUTF8(Self.parse) else { return nil }
        secondsSince1970 = seconds
    }

    /// Whether a text is a point in time with at least six fractional digits, as an API server always writes it.
    public static func hasMicroseconds(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 != UInt8(ascii: ".") }.dropFirst().prefix { isDigit($0) }
        return digits.count >= 6 && EventTimestamp(text) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.skip("-"), let month = reader.number(digits: 2),
            reader.skip("-"), let day = reader.number(digits: 2), reader.skip("T") || reader.skip("t"),
            let hour = reader.number(digits: 2), reader.skip(":"), let minute = reader.number(digits: 2),
            reader.skip(":"), let second = reader.number(digits: 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var microseconds = 0
        if reader.skip(".") {
            guard let fraction = reader.microseconds() else { return nil }
            microseconds = fraction
        }
        var offsetMinutes = 0
        if !(reader.skip("Z") || reader.skip("z")) {
            let sign = reader.skip("+") ? 1 : -1
            guard sign == 1 || reader.skip("-"), let hours = reader.number(digits: 2), reader.skip(":"),
                let minutes = reader.number(digits: 2), hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = sign * (hours * 60 + minutes)
        }
        guard reader.isAtEnd else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        return Double(seconds * 1_000_000 + microseconds) / 1_000_000
    }

    /// Days of the proleptic Gregorian calendar, counted in years that begin in March so that the leap day is last.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let leapDays = shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return 365 * shiftedYear + leapDays + dayOfYear - 719_468
    }
}

private struct DigitReader {
    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    var isAtEnd: Bool { index == text.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard index < text.count, UInt32(text[index]) == character.value else { return false }
        index += 1
        return true
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The digits after a decimal point; those after the sixth are read and dropped.
    mutating func microseconds() -> Int? {
        var value = 0
        var count = 0
        while let digit = digit() {
            if count < 6 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        while count < 6 {
            value *= 10
            count += 1
        }
        return value
    }

    private mutating func digit() -> Int? {
        guard index < text.count, case let value = text[index] &- UInt8(ascii: "0"), value < 10 else { return nil }
        index += 1
        return Int(value)
    }
}
