import AccessScanning
import AuditEvents
import AuditSources
import Exposition
import HTTPServing
import Synchronization
import Testing
import TestSupport

@testable import Exporter

@Suite("The text of the metrics")
struct MetricsPageTests {
    private static func observe(
        _ address: String, _ id: Int, path: String = "", at now: Double = 1000, _ detector: inout AccessScanningDetector
    ) {
        detector.observe(
            AuditEvent(
                auditID: "\(id)", stage: "ResponseComplete", requestURI: path, sourceIPs: [address],
                requestReceivedTimestamp: "2026-11-23T23:10:06.5Z"), of: 0, at: now)
    }

    private static func counts(_ detector: AccessScanningDetector) -> Counts {
        var counts = Counts()
        counts.analytics = detector.ledgers.map(\.counts)
        counts.profiles = detector.profiles
        return counts
    }

    private static func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private static func text(_ counts: CountsText) -> String {
        text(HTTPResponse(parts: counts.body))
    }

    @Test("is not written again for the counts if only the status changes, or a server answers")
    func statusAlone() {
        var detector = AccessScanningDetector([.forbidden])
        Self.observe("192.0.2.1", 1, &detector)
        let board = StatusBoard(Status(logs: [LogState(log: "a", unreadBytes: 0)]))
        let answers = Mutex<UInt64>(0)
        let answered = Metric("answers_total", .counter, "Of a server.")
        let page = MetricsPage(
            .text, showing: Published(Self.counts(detector)), board,
            servers: { [MetricFamily(answered, .integer(answers.withLock { $0 }))] })
        for number in 1...20 {
            board.update { $0.logs[0].unreadBytes = number }
            #expect(Self.text(page.response()).contains("\nkube_audit_log_unread_bytes{log=\"a\"} \(number)\n"))
            answers.withLock { $0 += 1 }
            #expect(Self.text(page.response()).contains("\nanswers_total \(number)\n"))
        }
        #expect(page.work.texts == 1)
    }

    @Test("is written again for the pages of counters that have changed, and for no others")
    func changedPages() {
        var detector = AccessScanningDetector([.forbidden])
        for number in 0..<2000 { Self.observe("10.0.\(number / 200).\(number % 200)", number, &detector) }
        let published = Published(Self.counts(detector))
        let page = MetricsPage(.text, showing: published, StatusBoard(Status()), servers: { [] })
        _ = page.response()
        let before = page.work.pages
        #expect(before > 15)
        Self.observe("10.0.3.7", 2001, &detector)
        published.publish(Self.counts(detector))
        #expect(
            Self.text(page.response()).contains(#"_total{src_ip="10.0.3.7",country="",city="",origin="verified"} 2"#))
        #expect(page.work == (texts: 2, pages: before + 2), "one page of sources and one of networks")
    }

    @Test("is the same whether it is written page by page or all at once", arguments: ExpositionFormat.allCases)
    func history(format: ExpositionFormat) {
        var random = SeededGenerator(seed: 5)
        var detector = AccessScanningDetector(
            [.forbidden], limits: SourceLimits(verified: 300, claimed: 50, networks: 40, retention: 7200))
        var incremental = CountsText(in: format)
        var now = 1e6
        for round in 0..<60 {
            for number in 0..<Int.random(in: 0...200, using: &random) {
                let address = { (bits: Int) in "10.\(bits >> 12 & 3).\(bits >> 8 & 15).\(bits & 255)" }
                Self.observe(
                    address(.random(in: 0..<16_384, using: &random)), round * 1000 + number,
                    path: "/\(Int.random(in: 0...9, using: &random))", at: now, &detector)
            }
            // Often in the same minute: then only what has changed is looked at. The clock is set back at times.
            now += Double.random(in: Bool.random(using: &random) ? -20...40 : 0...3000, using: &random)
            if round % 7 == 0 { detector.retireSilentSources(at: now) }
            incremental.update(Self.counts(detector), at: now)
            var whole = CountsText(in: format)
            whole.update(Self.counts(detector), at: now)
            #expect(Self.text(incremental) == Self.text(whole), "round \(round)")
        }
    }

    @Test("is at most five seconds old, since sources stop being quiet without a change of counts")
    func quietSources() {
        var detector = AccessScanningDetector([.forbidden])
        Self.observe("192.0.2.1", 1, at: 10_000, &detector)
        let start = ContinuousClock.now
        let seconds = Mutex(3590)
        let page = MetricsPage(
            .text, showing: Published(Self.counts(detector)), StatusBoard(Status()), servers: { [] },
            clock: { start + .seconds(seconds.withLock { $0 }) }, now: { 10_000 + Double(seconds.withLock { $0 }) })
        let quiet = #"kube_audit_network_quiet_sources{network="192.0.2.0/24"}"#
        for (second, texts, value) in [(3590, 1, 1), (3594, 1, 1), (3597, 2, 1), (3601, 2, 1), (3602, 3, 0)] {
            seconds.withLock { $0 = second }
            #expect(Self.text(page.response()).contains("\(quiet) \(value)\n"), "second \(second)")
            #expect(page.work.texts == texts, "second \(second)")
        }
        #expect(page.work.pages == 2, "the counters are written once")
    }

    @Test("is forgotten when no client asks for it, and made again for the next one")
    func unused() {
        var detector = AccessScanningDetector([.forbidden])
        Self.observe("192.0.2.1", 1, &detector)
        let start = ContinuousClock.now
        let seconds = Mutex(0)
        let page = MetricsPage(
            .text, showing: Published(Self.counts(detector)), StatusBoard(Status()), servers: { [] },
            clock: { start + .seconds(seconds.withLock { $0 }) }, now: { 1000 })
        let text = Self.text(page.response())
        page.forgetUnused()
        #expect(page.work.texts == 1, "it was just asked for")
        seconds.withLock { $0 = 200 }
        page.forgetUnused()
        #expect(page.work.texts == 0)
        #expect(Self.text(page.response()).prefix(200) == text.prefix(200))
        #expect(page.work.texts == 1)
    }

    @Test("shows fewer distinct paths as the hour passes, and writes no counter again for that")
    func distinctPaths() {
        var detector = AccessScanningDetector([.forbidden])
        for (number, path) in ["/a?x", "/a?y", "/b", "/c"].enumerated() {
            detector.observe(
                AuditEvent(
                    auditID: "\(number)", stage: "ResponseComplete", requestURI: path, sourceIPs: ["192.0.2.1"],
                    stageTimestamp: "\(number)"), of: 0, at: 1_200_000 + 600 * Double(number))
        }
        var text = CountsText(in: .text)
        let labels = #"{src_ip="192.0.2.1",country="",city="",origin="verified"}"#
        // Those of the last 60 minutes and of the present one: /a was last asked for after 10 minutes, /c after 30.
        for (minute, paths) in [(30, 3), (70, 3), (71, 2), (80, 2), (81, 1), (90, 1), (91, 0)] {
            text.update(Self.counts(detector), at: 1_200_000 + 60 * Double(minute))
            #expect(
                Self.text(text).contains("kube_audit_source_distinct_request_paths\(labels) \(paths)\n"),
                "minute \(minute)")
        }
        #expect(text.work.pages == 2, "a page of sources and one of networks")
    }

    @Test("has two more families for each analytic, and two more if it counts networks")
    func analytics() {
        let names = { (name: String) in
            Analytic.CounterNames(requests: "\(name)_total", firstSeen: "\(name)_first_seen_seconds")
        }
        let selector = Analytic.forbidden.selector
        let analytics = [
            Analytic(name: "a", meaning: "Refused", selector: selector, sources: names("a"), networks: names("a_nets")),
            Analytic(name: "b", meaning: "Allowed", selector: selector, sources: names("b")),
        ]
        var detector = AccessScanningDetector(analytics)
        for analytic in analytics.indices {
            detector.observe(
                AuditEvent(auditID: "\(analytic)", stage: "ResponseComplete", sourceIPs: ["192.0.2.7"]), of: analytic,
                at: 1000)
        }
        var text = CountsText(in: .text)
        text.update(Self.counts(detector), at: 1000)
        let lines = Self.text(text).split(separator: "\n")
        let labels = #"{src_ip="192.0.2.7",country="",city="",origin="verified"}"#
        #expect(
            lines.prefix(12).filter { !$0.hasPrefix("# TYPE") }
                == [
                    "# HELP a_total Refused, by source address.", "a_total\(labels) 1",
                    "# HELP a_first_seen_seconds When this source's counter was created, in seconds since 1970.",
                    "a_first_seen_seconds\(labels) 1000", "# HELP b_total Allowed, by source address.",
                    "b_total\(labels) 1",
                    "# HELP b_first_seen_seconds When this source's counter was created, in seconds since 1970.",
                    "b_first_seen_seconds\(labels) 1000",
                ].map { Substring($0) })
        #expect(lines.contains(#"a_nets_total{network="192.0.2.0/24"} 1"#))
        let types = lines.filter { $0.hasPrefix("# TYPE") }.map { String($0.split(separator: " ")[2]) }
        #expect(types.starts(with: DetectionMetrics.metrics(of: analytics).map(\.name)))
    }

    @Test(
        "holds any time that a damaged state may hold",
        arguments: [-9.2e18, -9_223_372_036_854_775_808, 9.3e18, 1e300, -0.0])
    func oddTimes(time: Double) {
        var counts = Counts()
        counts.sources = SourceCounts(counters: [
            SourceCounter(
                SourceSubject(Source(.invalid, .verified)), location: .unknown, firstSeen: time, lastSeen: time,
                requests: .max, lastRequest: RequestReference(auditID: "a", received: time))
        ])
        for format in ExpositionFormat.allCases {
            var text = CountsText(in: format)
            text.update(counts, at: 1000)
            let value = Self.text(text).split(separator: "\n")
                .first { $0.hasPrefix("kube_audit_source_first_seen_timestamp_seconds{") }?.split(separator: " ").last
            #expect(value.flatMap { Double($0) } == time)
        }
    }
}
