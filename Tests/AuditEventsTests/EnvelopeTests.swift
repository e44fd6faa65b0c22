import AuditEvents
import Foundation
import Testing
import TestSupport

/// The forms in which shippers and clouds pass events on, see Tests/Fixtures/envelopes/README.md.
@Suite("A record in an envelope")
struct EnvelopeTests {
    private static let selectors = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector.withoutUser(responseCode: 401),
        EventSelector(group: "system:unauthenticated", responseCodes: 100...399, excludingOpenPaths: true),
    ]
    /// Compressed files are those of AuditSources.
    private static let samples = EnvelopeSample.all.filter { !$0.name.hasSuffix(".gz") }

    /// Scans bytes as they are read from a log: whole lines, then what was left over with the next ones.
    private static func scan(_ bytes: [UInt8], as format: AuditFormat, reading size: Int = .max) -> ScannedEvents {
        var scanner = EventScanner(selecting: selectors)
        var found = ScannedEvents()
        var kept: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: min(size, bytes.count)) {
            kept += bytes[start..<min(start + min(size, bytes.count), bytes.count)]
            guard let feed = kept.lastIndex(of: 10), start + size < bytes.count else { continue }
            let lines = Array(kept[...feed])
            let piece = scanner.scan(lines: lines.span.bytes, as: format, isLast: false)
            found.append(piece)
            kept.removeFirst(feed + 1 - piece.rest)
        }
        found.append(scanner.scan(lines: kept.span.bytes, as: format))
        return found
    }

    private func scan(_ bytes: [UInt8]) -> ScannedEvents { Self.scan(bytes, as: .auto) }

    private static func counts(_ found: ScannedEvents, of selector: Int) -> [String: Int] {
        Dictionary(
            found.events.filter { $0.selector == selector }.map { ("\($0.event.sourceIPs.last ?? "") verified", 1) },
            uniquingKeysWith: +)
    }

    @Test("is one of these samples")
    func all() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.url("envelopes").path)
        #expect(Set(files) == Set(EnvelopeSample.all.map(\.name) + ["README.md"]))
        #expect(EnvelopeSample.all.count == 41)
    }

    @Test("counts as its README says, however the log is read", arguments: samples)
    func counts(sample: EnvelopeSample) throws {
        let bytes = try Fixture.bytes("envelopes/\(sample.name)")
        for size in [Int.max, 3000, 700, 64, 1] {
            let found = Self.scan(bytes, as: sample.auditFormat, reading: size)
            #expect(Self.counts(found, of: 0) == sample.forbidden, "\(size)")
            #expect(Self.counts(found, of: 1) == sample.unauthorized, "\(size)")
            #expect(found.foreign == sample.foreign, "\(size)")
            #expect(found.truncated == sample.truncated, "\(size)")
            #expect(found.malformedCount == sample.malformed, "\(size): \(found.malformed)")
            #expect(found.lines == sample.events + sample.foreign + sample.truncated + sample.malformed, "\(size)")
        }
    }

    @Test("is the same request whatever delivers it", arguments: samples.filter(\.same))
    func secondDelivery(sample: EnvelopeSample) throws {
        let key = SipHash128.Key(first: 1, second: 2)
        let identities = { (sample: EnvelopeSample) in
            let found = Self.scan(try Fixture.bytes("envelopes/\(sample.name)"), as: sample.auditFormat)
            #expect(found.events.allSatisfy { $0.event.hasCompleteIdentity })
            return Set(found.events.filter { $0.selector == 0 }.map { RequestIdentity(of: $0.event, key: key) })
        }
        let first = try #require(Self.samples.first { $0.name == "viaq.log" })
        #expect(try identities(sample) == identities(first))
    }

    @Test("counts only with its flag, and the log names it", arguments: samples.filter { $0.auto != nil })
    func withoutFlag(sample: EnvelopeSample) throws {
        let found = scan(try Fixture.bytes("envelopes/\(sample.name)"))
        #expect(found.events == [])
        // An event that is an object of an envelope, and cannot be selected, is not examined.
        let unexamined = sample.name == "splunk-hec.log" ? 1 : 0
        #expect(found.malformedCount == (sample.auto?.malformed ?? 0) - unexamined)
        let formats = found.malformed.compactMap(\.format?.rawValue)
        #expect(formats.count { $0 == sample.auto?.looksLike } * 2 > formats.count, "\(formats)")
    }

    @Test("is not found in an event, with any flag", arguments: AuditFormat.allCases)
    func hostile(format: AuditFormat) throws {
        for sample in Self.samples {
            let found = Self.scan(try Fixture.bytes("envelopes/\(sample.name)"), as: format)
            let addresses = Set(found.events.flatMap(\.event.sourceIPs))
            #expect(addresses.isDisjoint(with: ["192.0.2.66", "203.0.113.99"]), "\(sample.name)")
        }
        let hostile = Self.scan(try Fixture.bytes("envelopes/hostile.log"), as: format)
        #expect(Self.counts(hostile, of: 0) == ["203.0.113.10 verified": 2, "2001:db8::5 verified": 1])
    }

    @Test("and it is described without reading the whole of it as an event: a log of another kind of object")
    func kubernetesEvent() {
        let found = scan(
            Array(
                #"{"kind":"Event","apiVersion":"v1","message":"system:unauthenticated","reason":"x"}"#.utf8) + [10]
                + Array(#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","note":"system:unauthenticated"}"#.utf8))
        #expect(found.malformed.map(\.reason) == ["not an audit event"])
        #expect(found.malformed.map(\.offset) == [0])
    }

    @Test("and bodies of webhook requests are checked in the same way")
    func webhookItems() throws {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        let oldBody = try Fixture.bytes("envelopes/webhook-v1beta1.json")
        let old = try scanner.scan(eventList: oldBody.span.bytes)
        #expect(old.events.count == 3)
        #expect(old.malformedCount == 0)
        #expect(old.events.allSatisfy { $0.event.hasCompleteIdentity })
        let body = Array(
            #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"log":"system:unauthenticated"}]}"#.utf8)
        let found = try scanner.scan(eventList: body.span.bytes)
        #expect(found.malformed.map(\.reason) == ["item 0: not an audit event"])
        #expect(found.malformed.map(\.shape) == [.shipper])
    }
}
