import AccessScanning
import AuditEvents
import AuditSources
import Foundation

/// The events of one checkpoint as they are stored, one after the other: a row for each would be larger than its
/// content.
///
/// | byte | of an event |
/// | --- | --- |
/// | 0 | its request's digest, two 64-bit numbers |
/// | 16 | its own digest, two 64-bit numbers |
/// | 32 | the number of its request's events in each stage, four 32-bit numbers |
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
        // There may be hundreds of thousands of them.
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / stride).map { event(UnsafeRawBufferPointer(rebasing: bytes[($0 * stride)...])) }
        }
    }

    private static func event(_ bytes: UnsafeRawBufferPointer) -> ObservedEvent {
        func word(_ index: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        var counts = SIMD4<UInt32>()
        for lane in 0..<4 { counts[lane] = UInt32(truncatingIfNeeded: word(4 + lane / 2) >> (lane % 2 == 0 ? 0 : 32)) }
        return ObservedEvent(
            request: RequestIdentity(digest: SipHash128.Digest(first: word(0), second: word(1))),
            event: EventIdentity(digest: SipHash128.Digest(first: word(2), second: word(3))),
            stages: StageCounts(counts))
    }
}

/// The marks of a read position as they are stored: for each the offset, the number of bytes of the fingerprint, and the
/// fingerprint, four 64-bit numbers. All little-endian.
enum MarkBlock {
    /// Bytes of one mark.
    static let stride = 32

    static func data(_ marks: [FilePosition.Mark]) -> Data {
        var data = Data(capacity: marks.count * stride)
        for mark in marks {
            LittleEndian.append(UInt64(clamping: mark.offset), to: &data)
            LittleEndian.append(UInt64(clamping: mark.fingerprint.length), to: &data)
            LittleEndian.append(mark.fingerprint.digest.first, to: &data)
            LittleEndian.append(mark.fingerprint.digest.second, to: &data)
        }
        return data
    }

    /// The marks in `data`. Those that no file can have are left out: without them more is read.
    static func marks(_ data: Data) -> [FilePosition.Mark] {
        (0..<data.count / stride).compactMap { index in
            let numbers = (0..<4).map { LittleEndian.number(in: data, at: index * stride + 8 * $0) as UInt64 }
            guard let offset = Int(exactly: numbers[0]), let length = Int(exactly: numbers[1]),
                1...Fingerprint.limit ~= length
            else { return nil }
            return FilePosition.Mark(
                offset: offset,
                fingerprint: Fingerprint(
                    length: length, digest: SipHash128.Digest(first: numbers[2], second: numbers[3])))
        }
    }
}

/// A page of displaced counters as it is stored: for each counter the fingerprint (64 bits), the time of its last
/// request (32 bits), and the four ages (16 bits each). All little-endian.
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

/// The counters created within the last hour as they are stored: for each minute with any its number since 1970 and
/// theirs, two 32-bit numbers. All little-endian.
enum BirthsBlock {
    static func data(_ births: RecentBirths) -> Data {
        LittleEndian.data(births.minutes.flatMap { [$0.minute, $0.count] })
    }

    /// The births in `data`; what follows the last whole minute is ignored.
    static func births(_ data: Data) -> RecentBirths {
        RecentBirths(
            minutes: (0..<data.count / 8).map { index in
                RecentBirths.Minute(
                    minute: LittleEndian.number(in: data, at: 8 * index),
                    count: LittleEndian.number(in: data, at: 8 * index + 4))
            })
    }
}

/// The requests of a network's sources without a counter as they are stored: the number of the last five minutes (32
/// bits), then 16 numbers of requests and 16 of sources (16 bits each). All little-endian; no bytes for none.
enum UncountedBlock {
    private static let length = 68

    static func data(_ uncounted: UncountedRequests) -> Data {
        var data = Data()
        guard uncounted != UncountedRequests() else { return data }
        LittleEndian.append(uncounted.newest, to: &data)
        for lane in 0..<16 { LittleEndian.append(uncounted.requests[lane], to: &data) }
        for lane in 0..<16 { LittleEndian.append(uncounted.sources[lane], to: &data) }
        return data
    }

    /// The numbers in `data`; none if it has another length.
    static func uncounted(_ data: Data) -> UncountedRequests {
        guard data.count == length else { return UncountedRequests() }
        var requests = SIMD16<UInt16>()
        var sources = SIMD16<UInt16>()
        for lane in 0..<16 {
            requests[lane] = LittleEndian.number(in: data, at: 4 + 2 * lane)
            sources[lane] = LittleEndian.number(in: data, at: 36 + 2 * lane)
        }
        return UncountedRequests(
            newest: LittleEndian.number(in: data, at: 0), requests: requests, sources: sources)
    }
}

/// Numbers as little-endian bytes, so that a database can be read on any machine.
enum LittleEndian {
    /// Two numbers as 16 bytes.
    static func data(_ first: UInt64, _ second: UInt64) -> Data {
        var data = Data(capacity: 16)
        append(first, to: &data)
        append(second, to: &data)
        return data
    }

    /// Numbers one after the other. In one copy, since a checkpoint may hold a million of them.
    static func data<Number: FixedWidthInteger>(_ numbers: [Number]) -> Data {
        numbers.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    static func append(_ number: some FixedWidthInteger, to data: inout Data) {
        withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
    }

    /// The number at an offset; all its bytes must be within the data.
    static func number<Number: FixedWidthInteger>(_: Number.Type = Number.self, in data: Data, at offset: Int) -> Number
    {
        precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= data.count)
        return Number(littleEndian: data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) })
    }
}
