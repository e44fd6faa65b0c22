import AccessScanning
import Foundation

// A damaged block costs no more than its own content: the counter that it belongs to, and the start, do not depend on
// it. So nothing in here throws.

/// The requests before the last one as they are stored, oldest first: for each the time (64 bits of a `Double`, not a
/// number for none), the length of the audit ID (8 bits), and the ID in UTF-8. All little-endian. `SourceProfile` reads
/// them.
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
}

/// A list of numbers of 64 bits, little-endian: the paths of the last hour (see `RecentPaths.entries`), and the requests
/// values that were left out, by column of the evidence (no bytes for none). `StoredRow.numbers` reads it.
enum NumbersBlock {
    static func data(_ numbers: [UInt64]) -> Data {
        LittleEndian.data(numbers)
    }
}
