import AuditEvents
import Foundation
import Testing
import TestSupport

@testable import AuditSources

/// The samples of envelopes as files that are read once, or followed.
@Suite("A log of envelopes", .serialized)
struct EnvelopeLogTests {
    private static let selectors = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector.withoutUser(responseCode: 401),
    ]

    private static func counts(_ events: [SelectedEvent], of selector: Int) -> [String: Int] {
        Dictionary(
            events.filter { $0.selector == selector }.map { ("\($0.event.sourceIPs.last ?? "") verified", 1) },
            uniquingKeysWith: +)
    }

    @Test("is read once by scan", arguments: EnvelopeSample.all)
    func stored(sample: EnvelopeSample) throws {
        let (logs, problems) = StoredLog.find([sample.argument])
        #expect(problems == [])
        var scanner = EventScanner(selecting: Self.selectors)
        var events: [SelectedEvent] = []
        var reading = LogReading()
        for part in try logs.flatMap({ log throws in try log.parts(of: 1000) }) {
            reading.add(part.read(with: &scanner) { found, _ in events += found })
        }
        #expect(Self.counts(events, of: 0) == sample.forbidden)
        #expect(Self.counts(events, of: 1) == sample.unauthorized)
        #expect(reading.foreign == sample.foreign)
        #expect(reading.truncated == sample.truncated)
        #expect(reading.malformedCount == sample.malformed)
    }

    /// What a follower has found.
    private struct Found {
        var scanned = ScannedEvents()
        var bytes = 0

        mutating func read(_ follower: inout LogFollower, after seconds: Double = 0) -> [FilePosition] {
            follower.look(at: .now + .seconds(seconds))
            var positions: [FilePosition] = []
            while let batch = follower.next() {
                scanned.append(batch.scanned)
                bytes += batch.bytes
                positions += batch.positions
            }
            return positions
        }
    }

    private func expect(_ found: Found, _ sample: EnvelopeSample, size: Int?) {
        #expect(Self.counts(found.scanned.events, of: 0) == sample.forbidden)
        #expect(Self.counts(found.scanned.events, of: 1) == sample.unauthorized)
        #expect(found.scanned.foreign == sample.foreign)
        #expect(found.scanned.truncated == sample.truncated)
        #expect(found.scanned.malformedCount == sample.malformed)
        if let size { #expect(found.bytes == size) }
    }

    @Test("is followed by serve", arguments: EnvelopeSample.all)
    func followed(sample: EnvelopeSample) throws {
        let pattern = try #require(LogPattern(sample.argument))
        var follower = LogFollower([pattern], from: .beginning, selecting: Self.selectors)
        var found = Found()
        _ = found.read(&follower)
        // Its last line may lack its line feed.
        _ = found.read(&follower, after: 6)
        _ = found.read(&follower, after: 12)
        let size = sample.name.hasSuffix(".gz") ? nil : try Fixture.bytes("envelopes/\(sample.name)").count
        expect(found, sample, size: size)
    }

    @Test(
        "is read to its end after any restart, while it grows",
        arguments: EnvelopeSample.all.filter { !$0.name.hasSuffix(".gz") })
    func restarted(sample: EnvelopeSample) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "log")
            let bytes = try Fixture.bytes("envelopes/\(sample.name)")
            let pattern = try #require(LogPattern("\(sample.format):\(file.path)"))
            var known = KnownPositions()
            var found = Found()
            let step = max(1, bytes.count / 23)
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            for start in stride(from: 0, to: bytes.count, by: step) {
                let end = min(start + step, bytes.count)
                try handle.write(contentsOf: bytes[start..<end])
                var follower = LogFollower(
                    [pattern], from: .beginning, selecting: Self.selectors, restoring: known)
                for position in found.read(&follower) { known.add(position) }
                if end == bytes.count { _ = found.read(&follower, after: 6) }
            }
            // Nothing was read twice, since a record that is not complete is not read.
            expect(found, sample, size: bytes.count)
        }
    }
}
