/// The last requests of a source, oldest first, in one buffer: thousands of sources have some each.
///
/// A request is its time (64 bits of a `Double`, little-endian; not a number for none), the length of its audit ID
/// (8 bits), and the ID in UTF-8.
struct LastRequests: Sendable, Hashable {
    private var bytes: [UInt8] = []

    private static let headLength = 9

    /// The last of these requests.
    init(_ references: [RequestReference]) {
        for reference in references { add(reference) }
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
        withUnsafeBytes(of: (reference.received ?? .nan).bitPattern.littleEndian) { new += $0 }
        // An audit ID has at most 128 bytes.
        new.append(UInt8(reference.auditID.utf8.count))
        new += reference.auditID.utf8
        bytes = new
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        var references = references
        for index in references.indices {
            references[index].received = references[index].received?.limited(to: now)
        }
        let limited = LastRequests(references)
        if limited != self { self = limited }
    }

    private func end(of start: Int) -> Int { start + Self.headLength + Int(bytes[start + 8]) }

    private func reference(at start: Int) -> RequestReference {
        let bits = (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        let received = Double(bitPattern: bits)
        return RequestReference(
            auditID: String(decoding: bytes[start + Self.headLength..<end(of: start)], as: UTF8.self),
            received: received.isNaN ? nil : received)
    }
}
