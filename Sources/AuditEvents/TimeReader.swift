/// Reads times that are written as an API server does.
///
/// Events come in the order of time, by the thousand each second. So the text up to the second is usually that of the time
/// before, and six digits remain to be read.
///
/// Two texts that are read as the same time are the same: `23:59:60`, February 30 and a lower-case `t` are not read, since
/// they spell times that have another spelling too.
package struct TimeReader: Sendable {
    private static let length = "2026-11-23T23:10:06.716266Z".utf8.count

    // The bytes up to the decimal point of the last second, and its beginning in microseconds since 1970.
    private var head: (UInt64, UInt64, UInt32)
    private var second: Int64 = 0

    /// A reader at the beginning of 1970.
    package init() {
        let beginning: StaticString = "1970-01-01T00:00:00."
        head = beginning.withUTF8Buffer { Self.head(of: UnsafeRawBufferPointer($0)) }
    }

    /// Microseconds since 1970; `nil` if a text is not such a time, or one before 1970.
    package mutating func microseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count == Self.length else { return nil }
        let head = Self.head(of: text)
        if head != self.head {
            guard text[19] == UInt8(ascii: "."), Self.isOnlySpelling(text),
                let time = EventTimestamp(String(decoding: text.prefix(19), as: UTF8.self) + "Z"),
                time.secondsSince1970 >= 0
            else { return nil }
            second = Int64(time.secondsSince1970) * 1_000_000
            self.head = head
        }
        // The decimal point, six digits and the Z, the first in the lowest byte.
        let rest = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 19, as: UInt64.self))
        guard rest >> 56 == UInt64(UInt8(ascii: "Z")), let fraction = Self.number(rest >> 8 & 0xffff_ffff_ffff) else {
            return nil
        }
        return second + fraction
    }

    /// Everything before the fraction.
    private static func head(of text: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt32) {
        (
            text.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
            text.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            text.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        )
    }

    /// Whether no other text up to the second is the same time.
    ///
    /// - Parameter text: Digits where a time has them, or a text that is no time.
    private static func isOnlySpelling(_ text: UnsafeRawBufferPointer) -> Bool {
        let two = { (at: Int) in Int(text[at] & 0xf) * 10 + Int(text[at + 1] & 0xf) }
        let (century, year, month, day) = (two(0), two(2), two(5), two(8))
        let isLeap = year % 4 == 0 && (year != 0 || century % 4 == 0)
        let days = month == 2 ? (isLeap ? 29 : 28) : 30 + (month + month / 8) % 2
        return text[10] == UInt8(ascii: "T") && day <= days && two(17) < 60
    }

    /// The number of six digits, the first in the lowest byte; `nil` if one is not a digit.
    private static func number(_ digits: UInt64) -> Int64? {
        let (highs, zeros): (UInt64, UInt64) = (0xf0f0_f0f0_f0f0, 0x3030_3030_3030)
        let values = digits &- zeros
        guard digits & highs == zeros, (values &+ 0x0606_0606_0606) & highs == 0 else { return nil }
        // Each pair of digits becomes a number below 100, in its first byte.
        let pairs = values &* 10 &+ values >> 8
        return Int64((pairs & 0xff) * 10_000 + (pairs >> 16 & 0xff) * 100 + (pairs >> 32 & 0xff))
    }
}
