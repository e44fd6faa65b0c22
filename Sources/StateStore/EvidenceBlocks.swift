import AccessScanning
import Foundation

// A damaged block costs no more than its own content: the counter that it belongs to, and the start, do not depend on
// it. So nothing in here throws.

/// The requests before the last one as they are stored, oldest first: for each the time (64 bits of a `Double`, not a
/// number for none), the length of the audit ID (8 bits), and the ID in UTF-8. All little-endian.
enum RequestsBlock {
    static func data(_ requests: some Collection<RequestReference>) -> Data {
        var data = Data()
        for request in requests {
            LittleEndian.append((request.received ?? .nan).bitPattern, to: &data)
            data.append(UInt8(clamping: request.auditID.utf8.count))
            data.append(contentsOf: request.auditID.utf8)
        }
        return data
    }

    /// The requests in `data`, as far as they are whole.
    static func requests(_ data: Data) -> [RequestReference] {
        let data = Data(data)
        var requests: [RequestReference] = []
        var start = 0
        while start + 9 <= data.count, requests.count < SourceCounter.requestLimit - 1 {
            let received = Double(bitPattern: LittleEndian.number(in: data, at: start))
            let end = start + 9 + Int(data[start + 8])
            guard end <= data.count else { break }
            requests.append(
                RequestReference(
                    auditID: String(decoding: data[start + 9..<end], as: UTF8.self),
                    received: received.isNaN ? nil : received))
            start = end
        }
        return requests
    }
}

/// The paths of the last hour as they are stored: for each its hash (64 bits) and the minute of its last request, since
/// 1970 (32 bits). All little-endian.
enum PathsBlock {
    private static let stride = 12

    static func data(_ paths: RecentPaths) -> Data {
        var data = Data(capacity: paths.hashes.count * stride)
        for (hash, minute) in zip(paths.hashes, paths.minutes) {
            LittleEndian.append(hash, to: &data)
            LittleEndian.append(minute, to: &data)
        }
        return data
    }

    /// The paths in `data`, as far as they are whole.
    static func paths(_ data: Data) -> RecentPaths {
        let places = (0..<min(data.count / stride, RecentPaths.limit)).map { $0 * stride }
        return RecentPaths(
            hashes: places.map { LittleEndian.number(in: data, at: $0) },
            minutes: places.map { LittleEndian.number(in: data, at: $0 + 8) })
    }
}

/// The numbers of requests whose values were left out as they are stored: 64 bits for each column of the evidence,
/// little-endian; no bytes for none.
enum LeftOutBlock {
    static func data(_ counts: [UInt64]) -> Data {
        var data = Data(capacity: 8 * counts.count)
        for count in counts { LittleEndian.append(count, to: &data) }
        return data
    }

    /// The numbers in `data`; what follows the last whole one is ignored.
    static func counts(_ data: Data) -> [UInt64] {
        (0..<data.count / 8).map { LittleEndian.number(in: data, at: 8 * $0) }
    }
}
