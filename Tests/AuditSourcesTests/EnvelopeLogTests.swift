import AuditEvents
import Foundation
import Testing
import TestSupport

@testable import AuditSources

/// The samples of envelopes as files that are read once, or followed.
@Suite("A log of envelopes", .serialized)
struct EnvelopeLogTests {
    static let selectors = [
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
        var memory = PartMemory()
        var events: [SelectedEvent] = []
        var reading = LogReading()
        for part in try logs.flatMap({ log throws in try log.parts(of: 1000) }) {
            let part = part.read(
                with: &scanner, in: &memory,
                take: { events.append(SelectedEvent($0.copy(), selector: $0.selector)) }, report: { _ in })
            reading.add(part)
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

    @Test("is read in the form of its path before that of a glob, and two forms of equal rank are a problem")
    func formats() throws {
        try withTemporaryDirectory { directory in
            let sample = try #require(EnvelopeSample.all.first { $0.name == "fluent-bit.log" })
            let file = directory.appending(path: "a.log").path
            try Data(try Fixture.bytes("envelopes/fluent-bit.log")).write(to: URL(filePath: file))
            let glob = directory.path + "/*.log"
            func read(_ arguments: [String]) throws -> (formats: [AuditFormat], problems: Int, counts: [String: Int]) {
                let (logs, problems) = StoredLog.find(arguments)
                var follower = LogFollower(
                    try arguments.map { try #require(LogPattern($0)) }, from: .beginning, selecting: Self.selectors)
                var found = Found()
                _ = found.read(&follower)
                let ambiguous = follower.states.flatMap(\.ambiguousFormats)
                #expect(ambiguous.count == problems.count)
                #expect(ambiguous.map(\.value.first) == (problems.isEmpty ? [] : logs.map(\.format)))
                #expect(ambiguous.allSatisfy { $0.value.count == 2 })
                return (logs.map(\.format), problems.count, Self.counts(found.scanned.events, of: 0))
            }
            for arguments in [[glob, "fluent-bit:\(file)"], ["fluent-bit:\(file)", "eks:\(glob)"]] {
                #expect(try read(arguments) == ([.fluentBit], 0, sample.forbidden))
            }
            #expect(
                try read(["fluent-bit:\(glob)", "eks:\(directory.path)/a.*"]) == ([.fluentBit], 1, sample.forbidden))
            #expect(try read(["eks:\(glob)", "fluent-bit:\(directory.path)/a.*"]) == ([.eks], 1, [:]))
            #expect(try read([file, "fluent-bit:\(directory.path)/./a.log"]) == ([.auto], 1, [:]))
        }
    }

    @Test("is read in parts if its records are lines", arguments: AuditFormat.allCases)
    func parts(format: AuditFormat) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "log")
            for (text, areLines) in [
                ("{\"a\":1}\n", format != .cri && format != .docker), ("[{\"a\":1}]\n", false),
                ("{ \r\n\"a\":1}\n", false),
            ] {
                try Data(String(repeating: text, count: 1000).utf8).write(to: file)
                let logs = StoredLog.find(["\(format.rawValue):\(file.path)"]).logs
                let parts = try logs.flatMap { log throws in try log.parts(of: 1000) }
                #expect((parts.count > 1) == areLines)
            }
        }
    }

    /// A record of the Event Hub, of an EventList, of a search, an array, or objects behind each other, with many events.
    static func large(_ form: String, events: Int) -> [UInt8] {
        let (head, end, separator) =
            switch form {
            case "list": (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":["#, "]}", ",")
            case "hub": (#"{"records":["#, "]}", ",")
            case "search": (#"{"took":1,"hits":{"total":1,"hits":["#, "]}}\n", ",")
            case "array": ("[\n", "]\n", ",\n")
            default: ("", "", "")
            }
        var bytes = Array(head.utf8)
        for id in 0..<events {
            let event = String(LogDirectory.line(id).prefix { $0 != "\n" })
            let text = event.replacing("\"", with: "\\\"")
            let item =
                switch form {
                case "hub": #"{"category":"kube-audit","properties":{"log":"\#(text)"}}"#
                case "search": #"{"_source":{"message":"\#(text)"}}"#
                case "objects":
                    #"{"messageType":"DATA_MESSAGE","logStream":"kube-apiserver-audit-1","logEvents":[{"message":"\#(text)"}]}"#
                default: event
                }
            bytes += Array((item + (id < events - 1 ? separator : "")).utf8)
        }
        return bytes + Array(end.utf8)
    }

    @Test("of one huge record is read in little memory", arguments: ["list", "hub", "search", "array", "objects"])
    func huge(form: String) throws {
        let bytes = Self.large(form, events: 6_000)
        let format: AuditFormat = form == "search" ? .elasticsearch : .auto
        var scanner = EventScanner(selecting: Self.selectors)
        for size in [1 << 20, 300_000] {
            var lines = LineBuffer(offset: 0)
            var ids: [String] = []
            var (most, read) = (0, 0)
            for start in stride(from: 0, to: bytes.count, by: size) {
                var rest = bytes[start..<min(start + size, bytes.count)]
                while !rest.isEmpty, let piece = lines.readPiece(from: &rest) {
                    let found = scanner.scan(
                        lines: lines.bytes.span.bytes.extracting(0..<piece.length), as: format, isLast: false)
                    lines.giveBack(found.rest, head: found.restHead)
                    read += piece.consumed - found.keptBytes
                    ids += found.events.map(\.event.auditID)
                    most = max(most, lines.bytes.count)
                    #expect(found.malformed == [] && piece.oversizedLines == [])
                    #expect(lines.lastBytes == bytes[..<lines.end].suffix(Fingerprint.limit))
                    #expect(lines.tail == bytes[..<lines.offset].suffix(Fingerprint.limit))
                }
            }
            if let piece = lines.takeRest() {
                let found = scanner.scan(lines: lines.bytes.span.bytes.extracting(0..<piece.length), as: format)
                ids += found.events.map(\.event.auditID)
                read += piece.consumed
            }
            #expect(ids == (0..<6_000).map { "\($0)" })
            #expect(read == bytes.count)
            #expect(lines.end == bytes.count && lines.offset == bytes.count)
            #expect(most < 4 << 20)
        }
    }

    @Test("of one huge record has no faults for scan", arguments: ["list", "hub", "array", "objects"])
    func hugeAndStored(form: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "log")
            try Data(Self.large(form, events: 6_000)).write(to: file)
            var scanner = EventScanner(selecting: Self.selectors)
            var memory = PartMemory()
            var reading = LogReading()
            var events = 0
            for part in try StoredLog.find([file.path]).logs.flatMap({ log throws in try log.parts() }) {
                reading.add(part.read(with: &scanner, in: &memory, take: { _ in events += 1 }, report: { _ in }))
            }
            #expect(events == 6_000)
            #expect(reading.firstMalformed == nil && reading.firstWrapped == nil)
        }
    }
}
