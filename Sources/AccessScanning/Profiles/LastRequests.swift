/// The last requests of a source, oldest first, in one buffer: thousands of sources have some each.
///
/// A request is its time (64 bits of a `Double`, little-endian; not a number for none), the length of its audit ID
/// (8 bits), and the ID in UTF-8.
struct LastRequests: Sendable, Hashable {
    private var bytes: [UInt8] = []

    private static let headLength = 9

    /// The last of these requests.
    init(_ references: [RequestReference]) {
        let kept = references.filter { !$0.isEmpty }.suffix(SourceProfile.requestLimit)
        bytes.reserveCapacity(kept.reduce(0) { $0 + Self.headLength + $1.auditID.utf8.count })
        for reference in kept { append(reference) }
    }

    /// Requests as they were stored: those before the last one in the form of the buffer, and the last one. Without a last
    /// one there are none.
    init(stored: RawSpan, last: RequestReference) {
        guard !last.isEmpty else { return }
        guard let length = Self.usableLength(of: stored) else {
            self = LastRequests(Self.references(in: stored) + [last])
            return
        }
        bytes.reserveCapacity(length + Self.headLength + last.auditID.utf8.count)
        stored.withUnsafeBytes { bytes.append(contentsOf: $0[..<length]) }
        append(last)
    }

    /// The bytes of the requests before the last one that can be taken as they are, nearly always all of them; `nil` if
    /// another program, or damage, has changed one of them.
    private static func usableLength(of stored: RawSpan) -> Int? {
        var start = 0
        var count = 0
        while start + headLength <= stored.byteCount, count < SourceProfile.requestLimit - 1 {
            let length = Int(stored.unsafeLoad(fromByteOffset: start + 8, as: UInt8.self))
            let end = start + headLength + length
            guard end <= stored.byteCount else { break }
            let isTimed = !time(in: stored, at: start).isNaN
            guard isTimed, length <= RequestReference.auditIDLimit, isASCII(stored, start + headLength..<end)
            else { return nil }
            start = end
            count += 1
        }
        return start
    }

    /// The requests before the last one, as far as they are whole.
    private static func references(in stored: RawSpan) -> [RequestReference] {
        var references: [RequestReference] = []
        var start = 0
        while start + headLength <= stored.byteCount, references.count < SourceProfile.requestLimit - 1 {
            let received = time(in: stored, at: start)
            let end = start + headLength + Int(stored.unsafeLoad(fromByteOffset: start + 8, as: UInt8.self))
            guard end <= stored.byteCount else { break }
            let auditID = stored.extracting(start + headLength..<end).withUnsafeBytes {
                String(decoding: $0, as: UTF8.self)
            }
            references.append(RequestReference(auditID: auditID, received: received.isNaN ? nil : received))
            start = end
        }
        return references
    }

    private static func time(in stored: RawSpan, at start: Int) -> Double {
        let bits = stored.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
        return Double(bitPattern: UInt64(littleEndian: bits))
    }

    private static func isASCII(_ stored: RawSpan, _ range: Range<Int>) -> Bool {
        stored.extracting(range).withUnsafeBytes { bytes in bytes.allSatisfy { $0 < 0x80 } }
    }

    /// All of them.
    var references: [RequestReference] {
        var references: [RequestReference] = []
        var start = 0
        while start < bytes.count {
            references.append(reference(at: start))
            start = end(of: start)
        }
        return references
    }

    /// The newest one.
    var last: RequestReference? {
        guard !bytes.isEmpty else { return nil }
        var start = 0
        while end(of: start) < bytes.count { start = end(of: start) }
        return reference(at: start)
    }

    /// Adds the newest one, and removes the oldest one past the limit. One without ID and time is left out.
    mutating func add(_ reference: RequestReference) {
        guard !reference.isEmpty else { return }
        var count = 0
        var start = 0
        while start < bytes.count {
            count += 1
            start = end(of: start)
        }
        let kept = count < SourceProfile.requestLimit ? 0 : end(of: 0)
        var new: [UInt8] = []
        new.reserveCapacity(bytes.count - kept + Self.headLength + reference.auditID.utf8.count)
        new += bytes[kept...]
        bytes = new
        append(reference)
    }

    private mutating func append(_ reference: RequestReference) {
        withUnsafeBytes(of: (reference.received ?? .nan).bitPattern.littleEndian) { bytes += $0 }
        // An audit ID has at most 128 bytes.
        bytes.append(UInt8(reference.auditID.utf8.count))
        bytes += reference.auditID.utf8
    }

    /// Whether a time is after `now`.
    func isAfter(_ now: Double) -> Bool {
        var start = 0
        // Later than now, and not a number for none.
        while start < bytes.count, !(time(at: start) > now) { start = end(of: start) }
        return start < bytes.count
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        guard isAfter(now) else { return }
        var references = references
        for index in references.indices {
            references[index].received = references[index].received?.limited(to: now)
        }
        self = LastRequests(references)
    }

    private func end(of start: Int) -> Int { start + Self.headLength + Int(bytes[start + 8]) }

    /// The time of a request, in seconds since 1970; not a number for none.
    private func time(at start: Int) -> Double {
        var bits: UInt64 = 0
        for place in 0..<8 { bits |= UInt64(bytes[start + place]) << UInt64(8 * place) }
        return Double(bitPattern: bits)
    }

    private func reference(at start: Int) -> RequestReference {
        let received = time(at: start)
        return RequestReference(
            auditID: String(decoding: bytes[start + Self.headLength..<end(of: start)], as: UTF8.self),
            received: received.isNaN ? nil : received)
    }
}
