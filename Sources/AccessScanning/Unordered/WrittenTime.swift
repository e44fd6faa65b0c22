import AuditEvents

/// A time as an event has it: two equal ones were written in the same way.
enum WrittenTime: Sendable, Hashable {
    /// Microseconds since 1970, written as an API server does: `2026-11-23T23:10:06.716266Z`.
    case microseconds(Int64)
    /// A keyed hash of any other text.
    case other(SipHash128.Digest)
}

extension TimeReader {
    /// How a time is written, and its microseconds if it is a time.
    mutating func read(_ text: String, key: SipHash128.Key) -> (written: WrittenTime, time: Int64?) {
        var text = text
        return text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            if let time = microseconds(bytes) { return (.microseconds(time), time) }
            let written = WrittenTime.other(SipHash128.Digest(of: bytes, key: key))
            // A time before 1970 is none: Go writes the year 1 for a time that was never set.
            guard let time = EventTimestamp(String(decoding: bytes, as: UTF8.self)), time.secondsSince1970 >= 0 else {
                return (written, nil)
            }
            return (written, Int64((time.secondsSince1970 * 1_000_000).rounded()))
        }
    }
}
