import AccessScanning
import AuditEvents
import Foundation

/// The events of one checkpoint as they lie in the database, one behind the other: a row each would cost more than
/// what it holds.
///
/// | byte | of an event |
/// | --- | --- |
/// | 0 | its request's digest, two 64-bit numbers |
/// | 16 | its own digest, two 64-bit numbers |
/// | 32 | how many alike ones were seen in each stage, four 32-bit numbers |
///
/// All little-endian.
enum ObservedEventBlock {
    /// Bytes of an event.
    static let stride = 48

    static func data(_ events: [ObservedEvent]) -> Data {
        var data = Data(capacity: events.count * stride)
        for event in events {
            for digest in [event.request.digest, event.event.digest] {
                LittleEndian.append(digest.first, to: &data)
                LittleEndian.append(digest.second, to: &data)
            }
            for lane in 0..<4 { LittleEndian.append(event.stages.counts[lane], to: &data) }
        }
        return data
    }

    /// The events in `data`, whose length is a multiple of the stride.
    static func events(_ data: Data) -> [ObservedEvent] {
        (0..<data.count / stride).map { index in
            let start = index * stride
            let digest = { (offset: Int) in
                SipHash128.Digest(
                    first: LittleEndian.number(in: data, at: start + offset),
                    second: LittleEndian.number(in: data, at: start + offset + 8))
            }
            var counts = SIMD4<UInt32>()
            for lane in 0..<4 { counts[lane] = LittleEndian.number(in: data, at: start + 32 + 4 * lane) }
            return ObservedEvent(
                request: RequestIdentity(digest: digest(0)), event: EventIdentity(digest: digest(16)),
                stages: StageCounts(counts))
        }
    }
}
