import AuditEvents
import Foundation
import TestSupport
import Testing

@testable import AccessScanning

/// Collections that are given views of a scanner's memory, on several threads, compared with a plain count.
@Suite("Requests that are collected without a copy")
struct FastCollectionTests {
    private static let selector = EventSelector(group: "system:unauthenticated", responseCode: 403)

    private static func pick(_ texts: [String], _ random: inout SeededGenerator) -> String {
        texts.randomElement(using: &random) ?? ""
    }

    /// Lines of requests as clients and shippers make them: repeated and alike ones, watches, forged addresses, other
    /// forms of times and IDs, hostile text.
    private static func lines(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededGenerator(seed: seed)
        let huge = String(repeating: "x", count: 5000)
        var lines: [[UInt8]] = []
        for number in 0..<count {
            var line = AuditLine(from: ["192.0.2.\(Int.random(in: 0...3, using: &random))"], auditID: "id \(number)")
            let second = pick(["00", "07", "59"], &random)
            line.received =
                "2026-11-23T2\(Int.random(in: 0...3, using: &random)):10:\(second).\(Int.random(in: 100_000...999_999, using: &random))Z"
            line.reached = line.received.replacing("2026-11-23T20", with: "2026-11-23T21")
            line.requestURI = pick(["/api", "/api?a=1&b=2", "/\(number)", "/é\u{2028}", "/" + huge], &random)
            line.verb = pick(["list", "get", "watch"], &random)
            line.userAgent =
                [nil, "", "curl/8.5.0", "agent \(number % 3)", "caf\u{e9}"].randomElement(using: &random) ?? nil
            switch Int.random(in: 0..<16, using: &random) {
            case 0: line.auditID = "same"
            case 1: line.auditID = ""
            case 2: (line.auditID, line.received) = ("same", "2026-11-23T20:10:00.000000Z")
            case 3: line.sourceIPs.insert(pick(["203.0.113.9", "no address", line.sourceIPs[0]], &random), at: 0)
            case 4: line.received = pick(["2026-11-23T20:10:00Z", "yesterday", "0001-01-01T00:00:00.000000Z"], &random)
            case 5: line.received = "2026-11-23T22:10:00.123456+02:00"
            case 6: line.reached = "2026-11-23T23:10:00.1234567Z"
            case 7: line.stage = pick(["Panic", "Unknown", "Other"], &random)
            case 8: line.sourceIPs = []
            default: break
            }
            var text = Array(line.text.utf8)
            if number % 40 == 7, let place = text.firstRange(of: Array("\"/".utf8)) {
                text.insert(contentsOf: pick([#"\ud800"#, #"\u002f"#], &random).utf8, at: place.upperBound)
                if number % 80 == 7 { text.insert(0xff, at: place.upperBound) }
            }
            lines.append(text)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: lines.append(text)
            case 1:
                line.stage = "ResponseStarted"
                lines.append(Array(line.text.utf8))
            case 2:
                line.reached = line.reached.replacing("Z", with: "1Z")
                lines.append(Array(line.text.utf8))
            default: break
            }
        }
        return lines
    }

    /// The rule of the contract, word by word: alike events are as many requests as the largest number of different
    /// stageTimestamps among them in any one stage.
    private static func plainCounts(_ events: [AuditEvent]) -> [Source: Int] {
        var counts: [Source: Int] = [:]
        var alike: [[String]: (sources: [Source], stages: [String: Set<String>])] = [:]
        for event in events {
            let sources = SourceAttribution().sources(of: event.sourceIPs)
            guard event.hasCompleteIdentity else {
                for source in sources { counts[source, default: 0] += 1 }
                continue
            }
            let identity =
                [event.auditID, event.requestReceivedTimestamp, event.verb, event.requestURI, event.userAgent ?? ""]
                + event.sourceIPs
            alike[identity.map { $0.utf8.map(String.init).joined(separator: ",") }, default: (sources, [:])]
                .stages[event.stage, default: []].insert(event.stageTimestamp)
        }
        for (sources, stages) in alike.values {
            // The stages that are not known share one number, as they do in the store.
            let others = stages.filter { !["ResponseStarted", "ResponseComplete", "Panic"].contains($0.key) }
            let known = stages.filter { others[$0.key] == nil }.values.map(\.count)
            let requests = max(known.max() ?? 0, others.values.reduce(0) { $0 + $1.count })
            for source in sources { counts[source, default: 0] += requests }
        }
        return counts
    }

    private struct Row: Hashable {
        var source: Source
        var count: Int
        var seen: ClosedRange<Double>?
        var values: [[String]]
        var leftOut: [Int]
    }

    private static func rows(_ requests: RequestCollection, within window: Double?) -> [Row] {
        requests.sources(within: window).map { source in
            Row(
                source: source.source, count: source.count, seen: source.seen,
                values: Evidence.Column.allCases.map { source.values($0) },
                leftOut: Evidence.Column.allCases.map { source.valuesLeftOut($0) })
        }
    }

    /// Adds the events in lines, and returns how many of them were like an earlier one.
    private static func add(_ lines: [UInt8], to requests: inout RequestCollection) -> Int {
        var scanner = EventScanner(selecting: [selector])
        var alike = 0
        _ = scanner.scan(lines: lines.span.bytes) { event in
            if event.template != 0 { alike += 1 }
            requests.add(event)
        }
        return alike
    }

    @Test("are those of a plain count, however their lines are split between scanners", arguments: 1...8)
    func plain(seed: UInt64) {
        let lines = Self.lines(900, seed: seed)
        let selection = RequestCollection.Selection(key: SipHash128.Key(first: seed, second: 2))
        // A new scanner for each line has no templates.
        var events: [AuditEvent] = []
        var copied = RequestCollection(selection)
        for line in lines {
            var scanner = EventScanner(selecting: [Self.selector])
            for selected in scanner.scan(lines: line.span.bytes).events { events.append(selected.event) }
        }
        for event in events { copied.add(event) }
        #expect(events.count == lines.count)

        var random = SeededGenerator(seed: seed)
        let count = Int(seed) % 4 + 1
        var parts = [RequestCollection](repeating: RequestCollection(selection), count: count)
        var alike = 0
        for part in 0..<count {
            let own = lines.indices.filter { $0 % count == part }.shuffled(using: &random)
            var bytes: [UInt8] = []
            for index in own { bytes += lines[index] }
            alike += Self.add(bytes, to: &parts[part])
        }
        var fast = parts.removeFirst()
        for part in parts { fast.merge(part) }
        #expect(alike > lines.count / 10)
        let counts = Dictionary(uniqueKeysWithValues: fast.sources(within: nil).map { ($0.source, $0.count) })
        #expect(counts == Self.plainCounts(events))
        for window in [nil, 1.0, 3600, 7200] {
            #expect(Self.rows(fast, within: window) == Self.rows(copied, within: window))
        }
        #expect(fast.inexactEvents == copied.inexactEvents)
    }

    /// The requests of a few parties as a plain dictionary has them: the largest number of different events in one stage.
    private struct PlainRequests {
        var events: [RequestKey: Set<StageEvent>] = [:]
        var kinds: [RequestKey: RequestKind] = [:]
        var times: [RequestKey: Int64] = [:]

        mutating func add(_ event: StageEvent, of key: RequestKey, time: Int64?, _ kind: RequestKind) {
            events[key, default: []].insert(event)
            kinds[key] = min(kinds[key] ?? kind, kind)
            times[key] = [times[key], time].compactMap(\.self).min()
        }

        var counts: [RequestKey: Int] {
            events.mapValues { events in
                var lanes = [0, 0, 0, 0]
                for event in events { lanes[event.lane] += 1 }
                return lanes.max() ?? 0
            }
        }
    }

    /// How the times of requests follow each other.
    enum Order: CaseIterable {
        case ascending, descending, random, interleaved, oneTime, farApart
    }

    @Test("are found among many, in any order of time, and when collections are merged", arguments: Order.allCases)
    func many(order: Order) {
        let hashKey = SipHash128.Key(first: 1, second: 2)
        var random = SeededGenerator(seed: 7)
        var parts = [AlikeRequests](repeating: AlikeRequests(), count: 3)
        var plain = PlainRequests()
        let count = 12_000
        for number in 0..<count {
            let received: Int64? =
                switch order {
                case .ascending: Int64(number) * 1000
                case .descending: Int64(count - number) * 1000
                case .random: .random(in: 0..<1 << 40, using: &random)
                case .interleaved: Int64(number % 7 * count + number) * 500
                case .oneTime: number % 50 == 0 ? nil : 1_000_000
                case .farApart: Int64(number) * 30_000_000_000
                }
            let identity = SipHash128.Digest(
                of: UnsafeRawBufferPointer(start: nil, count: 0),
                key: SipHash128.Key(first: UInt64(number / 3), second: 0))
            let key =
                received.map { RequestKey(time: $0, hash: identity.first) } ?? RequestKey(untimed: identity)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let distance = [0, 1, 1 << 24 - 2, 1 << 24, -5].randomElement(using: &random) ?? 0
                let stage = Self.pick(["ResponseStarted", "ResponseComplete", "Panic", "Other"], &random)
                let reached = (received ?? 0) + Int64(distance)
                let event = StageEvent(stage: stage, at: .microseconds(reached), key: hashKey)
                let kind = RequestKind(analytic: Int.random(in: 0..<8, using: &random), nil)
                let time = received ?? Int64(number)
                plain.add(event, of: key, time: time, kind)
                // Parts of a log are read by the threads in turn; other parts hold the same requests.
                let part = Bool.random(using: &random) ? number / 1000 % 3 : Int.random(in: 0..<3, using: &random)
                parts[part].add(event, of: key, time: time, party: number / 3 + part, kind)
            }
        }
        var all = parts[0]
        for part in 1...2 { all.take(from: &parts[part]) { $0 - part } }
        var counts: [RequestKey: Int] = [:]
        var kinds: [RequestKey: RequestKind] = [:]
        var times: [RequestKey: Int64] = [:]
        var parties: [Int: Set<RequestKey>] = [:]
        var last = RequestKey(time: 0, hash: 0)
        all.forEach { found in
            #expect(counts[found.key] == nil)
            counts[found.key] = found.count
            kinds[found.key] = found.kind
            times[found.key] = found.time
            parties[found.party, default: []].insert(found.key)
            if found.key.isTimed { #expect(last <= found.key) }
            if found.key.isTimed { last = found.key }
        }
        let expected = plain.counts
        #expect(counts.count == expected.count)
        #expect(counts.filter { expected[$0.key] != $0.value } == [:])
        #expect(kinds.filter { plain.kinds[$0.key] != $0.value } == [:])
        #expect(times.filter { plain.times[$0.key] != $0.value } == [:])
        #expect(parties.count == count / 3)
    }

    @Test("have the time that a general reader finds, or none")
    func times() {
        var reader = TimeReader()
        for text in [
            "2026-11-23T23:10:06.716266Z", "2026-11-23T23:10:06.000000Z", "2026-11-23T23:10:07.999999Z",
            "1970-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "2026-11-23T23:10:06.71626:Z",
            "2026-11-23T23:10:06.71626/Z", "2026-13-23T23:10:06.716266Z", "2026-11-23T23:10:06,716266Z",
            "2026-11-23T23:10:06.716266z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z",
            "2026-11-23T23:10:06.71626é", "", "2024-02-29T00:00:00.000001Z", "2000-02-29T00:00:00.000001Z",
            "2026-07-31T00:00:00.000001Z", "2026-08-31T00:00:00.000001Z", "2026-09-30T23:59:59.000001Z",
        ] {
            let time =
                text.utf8.withContiguousStorageIfAvailable { reader.microseconds(UnsafeRawBufferPointer($0)) } ?? nil
            let isPlain = text.hasSuffix("Z") && text.contains(".")
            let expected = EventTimestamp(text).map { $0.secondsSince1970 }.flatMap { $0 >= 0 && isPlain ? $0 : nil }
            #expect(time.map { Double($0) / 1_000_000 } == expected, "\(text)")
        }
    }

    @Test("are not read if the same time has another spelling")
    func spellings() {
        for text in [
            "2026-11-23T23:59:60.000000Z", "2026-02-29T00:00:00.000000Z", "2026-02-30T00:00:00.000000Z",
            "1900-02-29T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "2026-11-31T00:00:00.000000Z",
            "2026-11-23t10:00:00.000000Z", "2026-11-23T24:00:00.000000Z",
            String(repeating: "\0", count: 20) + "123456Z", String(repeating: "\u{10}", count: 19) + ".123456Z",
        ] {
            var reader = TimeReader()
            var bytes = text
            #expect(bytes.withUTF8 { reader.microseconds(UnsafeRawBufferPointer($0)) } == nil, "\(text)")
        }
    }

    @Test("of requests that differ only in their spelling are of two requests, as in the digest of a request")
    func spelledRequests() {
        let times = [
            "2026-11-23T23:59:60.000000Z", "2026-11-24T00:00:00.000000Z", "2026-11-24t00:00:00.000000Z",
            "2026-11-23T23:59:60.000000Z",
        ]
        let key = SipHash128.Key(first: 1, second: 2)
        var reader = TimeReader()
        let written = times.map { reader.read($0, key: key) }
        #expect(Set(written.map(\.written)).count == 3)
        #expect(Set(written.map(\.time)).count == 1)
    }
}
