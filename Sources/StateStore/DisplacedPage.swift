import AccessScanning
import Foundation

/// A page of displaced counters as it lies in the database: of each the fingerprint (64 bits), when its last request was
/// made (32 bits), and the four ages (16 bits each). All little-endian.
enum DisplacedPage {
    /// Bytes of one counter.
    static let stride = 20

    static func data(_ page: [DisplacedCounter]) -> Data {
        var data = Data(capacity: page.count * stride)
        for entry in page {
            LittleEndian.append(entry.fingerprint, to: &data)
            LittleEndian.append(entry.newest, to: &data)
            for lane in 0..<4 { LittleEndian.append(entry.ages[lane], to: &data) }
        }
        return data
    }

    /// The counters in `data`, whose length is a multiple of the stride.
    static func entries(_ data: Data) -> [DisplacedCounter] {
        (0..<data.count / stride).map { index in
            let start = index * stride
            var ages = SIMD4<UInt16>()
            for lane in 0..<4 { ages[lane] = LittleEndian.number(in: data, at: start + 12 + 2 * lane) }
            return DisplacedCounter(
                fingerprint: LittleEndian.number(in: data, at: start),
                newest: LittleEndian.number(in: data, at: start + 8), ages: ages)
        }
    }
}
