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

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        var start = 0
        // Later than now, and not a number for none.
        while start < bytes.count, !(time(at: start) > now) { start = end(of: start) }
        guard start < bytes.count else { return }
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
