import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The evidence of any events in any order")
struct EvidencePropertyTests {
    /// The slow and obvious way to keep distinct values.
    private struct Model {
        var values: [Evidence.Column: [[UInt8]]] = [:]
        var leftOut: [Evidence.Column: UInt64] = [:]

        mutating func note(_ event: AuditEvent) {
            let texts: [(Evidence.Column, [String?])] = [
                (.user, [event.username]), (.groups, event.groups), (.verb, [event.verb]),
                (.requestURI, [event.requestURI]), (.userAgent, [event.userAgent]),
                (.responseCode, [event.responseCode.map { "\($0)" }]), (.responseMessage, [event.responseMessage]),
                (.responseReason, [event.responseReason]), (.responseStatus, [event.responseStatus]),
                (.resource, [event.resource]),
            ]
            for (column, texts) in texts {
                var isKept = true
                for text in texts.compactMap(\.self) where !text.isEmpty {
                    isKept = keep(Self.cut(text), in: column) && isKept
                }
                if !isKept { leftOut[column, default: 0] += 1 }
            }
        }

        private mutating func keep(_ text: [UInt8], in column: Evidence.Column) -> Bool {
            let values = values[column] ?? []
            if values.contains(text) { return true }
            guard values.count < 20, size(beside: column) + size(column) + 1 + text.count <= 2560 else { return false }
            self.values[column] = values + [text]
            return true
        }

        private func size(_ column: Evidence.Column) -> Int {
            (values[column] ?? []).map { 1 + $0.count }.reduce(0, +)
        }

        private func size(beside column: Evidence.Column) -> Int {
            Evidence.Column.allCases.filter { $0 != column }.map { max(size($0), $0.reserve) }.reduce(0, +)
        }

        private static func cut(_ text: String) -> [UInt8] {
            guard text.utf8.count > 256 else { return Array(text.utf8) }
            var scalars = text.unicodeScalars
            while String(scalars).utf8.count > 253 { scalars.removeLast() }
            return Array((String(scalars) + "…").utf8)
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        let pieces = ["a", "/api/", "é", "e\u{301}", "😀", "\0", "\u{202e}", "…", "<b>", "\u{1b}[31m", "\u{fffd}", "x"]
        let count = [0, 1, 2, 10, 80, 200].randomElement(using: &random) ?? 0
        let choice = Int.random(in: 1...pieces.count, using: &random)
        return (0..<count).map { _ in pieces[Int.random(in: 0..<choice, using: &random)] }.joined()
    }

    private static func event(_ random: inout SeededGenerator) -> AuditEvent {
        var event = AuditEvent(
            requestURI: text(&random), verb: text(&random), username: text(&random),
            groups: (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) })
        if Bool.random(using: &random) { event.userAgent = text(&random) }
        if Bool.random(using: &random) { event.responseCode = Int.random(in: -5...Int.max, using: &random) }
        if Bool.random(using: &random) { event.responseStatus = text(&random) }
        if Bool.random(using: &random) { event.responseReason = text(&random) }
        if Bool.random(using: &random) { event.responseMessage = text(&random) }
        if Bool.random(using: &random) { event.resource = text(&random) }
        return event
    }

    @Test("is that of a simple list of values, within the bounds, and the same after it was stored", arguments: 1...20)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var evidence = Evidence()
        var model = Model()
        for _ in 0..<150 {
            let event = Self.event(&random)
            let before = evidence
            let isNew = evidence.note(event)
            model.note(event)
            #expect(isNew == (before.texts != evidence.texts))
        }
        for column in Evidence.Column.allCases {
            let values = evidence.values(column)
            #expect(values.map { Array($0.utf8) } == model.values[column] ?? [], "\(column.name)")
            #expect(evidence.leftOut(column) == model.leftOut[column] ?? 0, "\(column.name)")
            #expect(values.count <= Evidence.valueLimit)
            #expect(values.allSatisfy { $0.utf8.count <= Evidence.lengthLimit })
        }
        #expect(evidence.texts.count <= 20 + Evidence.byteLimit)
        let stored = Evidence(texts: evidence.texts, leftOutRequests: evidence.leftOutRequests)
        #expect(stored == evidence)
    }

    @Test("is none if any byte of what was stored is damaged beyond reading, and never breaks the bounds of a value")
    func damaged() {
        var random = SeededGenerator(seed: 7)
        var evidence = Evidence()
        for _ in 0..<50 { evidence.note(Self.event(&random)) }
        let texts = evidence.texts
        for _ in 0..<2000 {
            var bytes = texts
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            var read = Evidence(texts: bytes, leftOutRequests: [])
            #expect(read.texts == bytes || read == Evidence())
            for column in Evidence.Column.allCases {
                let values = read.values(column)
                #expect(values.count <= 20 && values.allSatisfy { 1...256 ~= $0.utf8.count })
            }
            read.note(Self.event(&random))
        }
    }

    @Test("counts the distinct paths of the last hour exactly up to 64, and 64 from there on")
    func paths() throws {
        for seed in 1...5 {
            var random = SeededGenerator(seed: UInt64(seed))
            var detector = AccessScanningDetector([.forbidden])
            var lastMinute: [String: Int] = [:]
            var now = 1_795_475_406.0
            for number in 0..<3000 {
                now += Double.random(in: 0...(number % 500 < 100 ? 200 : 5), using: &random)
                let path = "/\(Int.random(in: 0..<[3, 60, 80, 5000][number / 200 % 4], using: &random))"
                let query = Bool.random(using: &random) ? "?limit=\(number)" : ""
                detector.observe(
                    AuditEvent(
                        auditID: "\(number)", stage: "ResponseComplete", requestURI: path + query,
                        sourceIPs: ["192.0.2.1"], stageTimestamp: "\(number)"), of: 0, at: now)
                lastMinute[path] = Int(now) / 60
                let later = now + [0, 0, 600, 3000, 3700][Int.random(in: 0..<5, using: &random)]
                let expected = lastMinute.values.count { Int(later) / 60 - $0 <= 60 }
                let profile = try #require(detector.profiles.profiles.first)
                let count = profile.paths.count(at: later)
                #expect(count == min(64, expected), "\(later - now) s after request \(number)")
            }
        }
    }
}
