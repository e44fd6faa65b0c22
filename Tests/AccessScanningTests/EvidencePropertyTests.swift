import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The evidence of any events in any order")
struct EvidencePropertyTests {
    /// Notes the values of an event.
    private static func note(_ event: AuditEvent, _ outcome: Outcome, in model: inout PlainEvidence) {
        let texts: [(Evidence.Column, [String?])] = [
            (.user, [event.username]), (.groups, event.groups), (.verb, [event.verb]),
            (.requestURI, [event.requestURI]), (.userAgent, [event.userAgent]),
            (.responseCode, [event.responseCode.map { "\($0)" }]), (.responseMessage, [event.responseMessage]),
            (.responseReason, [event.responseReason]), (.responseStatus, [event.responseStatus]),
            (.resource, [event.resource]),
        ]
        for (column, texts) in texts {
            for text in texts.compactMap(\.self) where !text.isEmpty { model.note(text, outcome, in: column) }
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
        var model = PlainEvidence()
        for _ in 0..<150 {
            let event = Self.event(&random)
            let outcomes = [Outcome.forbidden, .forbidden, .unauthorized, .allowed]
            let outcome = outcomes.randomElement(using: &random) ?? .forbidden
            let before = evidence
            let change = evidence.note(event, outcome)
            Self.note(event, outcome, in: &model)
            #expect(change.contains(.first) == (before.firstTexts != evidence.firstTexts))
            #expect(change.contains(.newest) == (before.newestTexts != evidence.newestTexts))
        }
        for column in Evidence.Column.allCases {
            let values = evidence.values(column)
            let expected = model.values(column)
            #expect(values.map { Array($0.utf8) } == expected.map(\.bytes), "\(column.name)")
            for outcome in Outcome.allCases {
                let values = evidence.values(column, of: outcome).map { Array($0.utf8) }
                #expect(
                    values == expected.filter { $0.outcomes.contains(outcome) }.map(\.bytes),
                    "\(column.name) \(outcome)")
            }
            #expect(evidence.leftOut(column) == model.leftOut(column), "\(column.name)")
            #expect(values.count <= Evidence.valueLimit)
            #expect(values.allSatisfy { $0.utf8.count <= Evidence.lengthLimit })
        }
        #expect(max(evidence.firstTexts.count, evidence.newestTexts.count) <= 20 + Evidence.byteLimit / 2)
        let stored = Evidence(
            first: evidence.firstTexts, newest: evidence.newestTexts, leftOutValues: evidence.leftOutValues)
        #expect(stored == evidence)
    }

    @Test("is none if any byte of what was stored is damaged beyond reading, and never breaks the bounds of a value")
    func damaged() {
        var random = SeededGenerator(seed: 7)
        var evidence = Evidence()
        for _ in 0..<50 { evidence.note(Self.event(&random), .forbidden) }
        let texts = evidence.newestTexts
        for _ in 0..<2000 {
            var bytes = texts
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            let isFirst = Bool.random(using: &random)
            var read = Evidence(first: isFirst ? bytes : [], newest: isFirst ? [] : bytes, leftOutValues: [])
            #expect((isFirst ? read.firstTexts : read.newestTexts) == bytes || read == Evidence())
            for column in Evidence.Column.allCases {
                let values = read.values(column)
                #expect(values.count <= 20 && values.allSatisfy { 1...256 ~= $0.utf8.count })
            }
            read.note(Self.event(&random), .allowed)
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
