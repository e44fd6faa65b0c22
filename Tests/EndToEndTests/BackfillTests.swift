import Foundation
import LocalStack
import TestSupport
import Testing

/// From logs through promtool's blocks to a real Prometheus that has never scraped an exporter.
@Suite("Backfilled logs")
struct BackfillTests {
    @Test(
        "raise each alert of the past in the minute in which its source passed the threshold",
        .timeLimit(.minutes(4)))
    func alerts() async throws {
        let past = PastScans(from: Date())
        // Otherwise the log would be too simple to prove anything.
        #expect(
            Set(past.minutesOverThreshold().keys.map(\.name)) == [
                "192.0.2.1", "192.0.2.2", "192.0.2.5", "203.0.113.1", "203.0.113.99", "2001:db8::7",
            ])
        try await withTemporaryDirectory { directory in
            for server in ["cp-1", "cp-2"] {
                let log = directory.appending(path: "\(server).log")
                try Data(past.log(of: server).utf8).write(to: log)
                try await Self.importing(
                    log, in: directory, ["--label", "instance=\(server):10403", "--label", "cluster=north"])
            }
            // The alerts need the counts, so the rules are evaluated twice.
            for _ in 0..<2 {
                try await Self.withPrometheus(in: directory) { prometheus in
                    try await Self.run(
                        .promtool,
                        [
                            "tsdb", "create-blocks-from", "rules", "--url=\(prometheus.url)",
                            "--start=\(past.minutes[0])", "--end=\(past.minutes[past.minutes.count - 1])",
                            "--output-dir=\(directory.appending(path: "data").path)",
                            Fixture.repository.appending(path: "alerts/past.rules.yaml").path,
                        ])
                }
            }
            var counted = Found()
            var raised = Found()
            var evaluations: Set<Double> = []
            let count = try DetectionRule.forbidden.expression()
            try await Self.withPrometheus(in: directory) { prometheus in
                let api = PrometheusClient(url: prometheus.url)
                for minute in past.minutes {
                    for source in try await api.query("(\(count)) > 5", at: minute) { counted.add(source, minute) }
                    // promtool evaluates rules at a second of its choice, and an alert of the past has no end: without
                    // the range, an older sample would be used for five minutes.
                    let alerts = try await api.query(#"last_over_time(ALERTS{cluster="north"}[60s])"#, at: minute + 60)
                    for alert in alerts {
                        #expect(alert.value == 1 && alert.labels["alertstate"] == "firing")
                        #expect(alert.labels["severity"] == (alert.labels["origin"] == "claimed" ? "info" : "warning"))
                        raised.add(alert, minute)
                    }
                    for alert in try await api.query(#"timestamp(ALERTS{cluster="north"})"#, at: minute + 60) {
                        evaluations.insert(alert.value.truncatingRemainder(dividingBy: 60))
                    }
                }
            }
            #expect(past.text(counted.sources) == past.text(past.minutesOverThreshold()))
            // The alerts are compared with what was true when promtool evaluated their rules.
            #expect(evaluations.count == 1)
            let second = try #require(evaluations.first)
            let network = PastScans.Subject(name: "198.51.100.0/24", origin: "KubernetesAccessScanningNetwork")
            let all = past.minutesOverThreshold(second: second)
                .merging([network: past.minutesOfNetworkAlert(second: second)]) { $1 }
            #expect(Set(raised.sources.keys) == Set(all.keys))
            for (subject, minutes) in all {
                let (expected, shown) = (past.spans(minutes), past.spans(raised.sources[subject, default: []]))
                #expect(shown.map(\.lowerBound) == expected.map(\.lowerBound), "\(subject)")
                // An hour that began among many requests between two samples may end with the later one.
                #expect(
                    zip(shown, expected).allSatisfy { (0...1).contains($0.upperBound - $1.upperBound) },
                    "\(subject): \(shown) instead of \(expected)")
            }
        }
    }

    /// The minutes in which sources and networks were found.
    private struct Found {
        var sources: [PastScans.Subject: Set<Int>] = [:]

        mutating func add(_ sample: QuerySample, _ minute: Int) {
            let subject = PastScans.Subject(
                name: sample.labels["src_ip"] ?? sample.labels["network"] ?? "",
                origin: sample.labels["origin"] ?? sample.labels["alertname"] ?? "")
            sources[subject, default: []].insert(minute)
        }
    }

    @Test("of the recorded log have the counts that the exporter shows", .timeLimit(.minutes(2)))
    func recordedLog() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.importing(
                Fixture.url("audit-logs/metadata.log"), in: directory,
                ["--geoip.database", Fixture.url("locations/locations.mmdb").path])
            let golden = try String(contentsOf: Fixture.url("golden").appending(path: "metrics.txt"), encoding: .utf8)
            let line = /(?m)^kube_audit_unauthenticated_forbidden_requests_total\{(.*)\} (\d+)$/
            // The golden file was made with a filter for one address.
            let expected = golden.matches(of: line).filter { !$0.1.contains("127.0.0.16") }.map { match in
                var labels: [String: String] = [:]
                for label in match.1.matches(of: /(\w+)="([^"]*)"/) { labels["\(label.1)"] = "\(label.2)" }
                return Self.text(labels, Double(match.2) ?? -1)
            }
            #expect(!expected.isEmpty)
            try await Self.withPrometheus(in: directory) { prometheus in
                // Within an hour of the log.
                let shown = try await PrometheusClient(url: prometheus.url).query(
                    "kube_audit_unauthenticated_forbidden_requests_total"
                        + #"{job="kube-audit-exporter",instance="backfill",src_ip!="127.0.0.16"}"#, at: 1_795_478_400)
                #expect(shown.map { Self.text($0.labels, $0.value) }.sorted() == expected.sorted())
            }
        }
    }

    private static func text(_ labels: [String: String], _ value: Double) -> String {
        let values = ["src_ip", "country", "city", "origin"].map { labels[$0, default: ""] }
        return "\(values.joined(separator: ", ")): \(Int(value))"
    }

    /// Writes the past of a log into blocks in `data`.
    private static func importing(_ log: URL, in directory: URL, _ arguments: [String]) async throws {
        let file = directory.appending(path: "past.om")
        try await run(.exporter, ["backfill", log.path, "--force", "--output", file.path] + arguments)
        try await run(
            .promtool, ["tsdb", "create-blocks-from", "openmetrics", file.path, directory.appending(path: "data").path])
    }

    private static func run(_ program: Program, _ arguments: [String]) async throws {
        let run = try await program.run(arguments)
        try #require(run.exit == .status(0), "\(program.rawValue) \(arguments): \(run.output)")
    }

    /// Runs a Prometheus with the blocks in `data`, which it reads at its start.
    private static func withPrometheus(in directory: URL, _ body: (LocalServer) async throws -> Void) async throws {
        try Data("global: {}\n".utf8).write(to: directory.appending(path: "prometheus.yml"))
        let server = try await LocalServer.start(.prometheus, in: directory) { port in
            [
                "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y",
                "--web.listen-address=127.0.0.1:\(port)",
            ]
        }
        do {
            try await body(server)
        } catch {
            await server.program.stop()
            throw error
        }
        await server.program.stop()
        try FileManager.default.removeItem(at: server.program.log)
    }
}

/// Scans of some hours ago, and what the alerts must have been, by counting.
struct PastScans {
    /// A source.
    struct Subject: Hashable {
        var name: String
        var origin: String
    }

    /// The minutes at which rules are evaluated, in seconds since 1970.
    let minutes: [Int]
    private let requests: [(server: String, sourceIPs: [String], time: Double)]

    private static let hour = 3600.0
    private static let threshold = 5

    /// - Parameter now: All of it is half a day before.
    init(from now: Date) {
        let beginning = (Int(now.timeIntervalSince1970) / 3600 - 12) * 3600
        minutes = (0...420).map { beginning + 60 * $0 }
        var requests: [(server: String, sourceIPs: [String], time: Double)] = []
        func add(_ sourceIPs: String..., at seconds: Double, count: Int = 1, server: String = "cp-1") {
            for number in 0..<count {
                requests.append((server, sourceIPs, Double(beginning) + seconds + 0.37 * Double(number)))
            }
        }
        // A burst between two evaluations; one below the threshold.
        add("192.0.2.1", at: 605, count: 6)
        add("192.0.2.3", at: 605, count: 5)
        // The threshold is passed by a second burst; a steady pace never passes it.
        add("192.0.2.2", at: 1201, count: 3)
        add("192.0.2.2", at: 3001, count: 3)
        for number in 0..<20 { add("192.0.2.4", at: 7 + 780 * Double(number)) }
        // A counter of a long time ago rises by three, and by three more. One rises by four, and hours later by four.
        add("192.0.2.5", at: 63, count: 100)
        add("192.0.2.5", at: 4 * Self.hour + 63, count: 3)
        add("192.0.2.5", at: 4 * Self.hour + 663, count: 3)
        add("192.0.2.6", at: 123, count: 4)
        add("192.0.2.6", at: 3 * Self.hour + 63, count: 4)
        // Three requests on each of two API servers, and a claimed address that the sender of one request names.
        add("203.0.113.1", at: 9001, count: 3)
        add("203.0.113.1", at: 9031.1, count: 3, server: "cp-2")
        add("2001:db8::7", "203.0.113.99", at: 9605, count: 7, server: "cp-2")
        // A network whose hosts are each below the threshold.
        for host in 1...7 { add("198.51.100.\(host)", at: 2 * Self.hour + 100 * Double(host), count: 3) }
        self.requests = requests
    }

    /// The log of an API server. Its lines are not in order.
    func log(of server: String) -> String {
        requests.filter { $0.server == server }.shuffled()
            .map { AuditLine(from: $0.sourceIPs, at: Date(timeIntervalSince1970: $0.time)).text }.joined()
    }

    /// For each source the minutes in which it had more than five requests within the hour, at a second of the minute.
    func minutesOverThreshold(second: Double = 0) -> [Subject: Set<Int>] {
        var times: [Subject: [Double]] = [:]
        for request in requests {
            for (index, address) in request.sourceIPs.enumerated() {
                let origin = index + 1 == request.sourceIPs.count ? "verified" : "claimed"
                times[Subject(name: address, origin: origin), default: []].append(request.time)
            }
        }
        return times.mapValues { times in minutes { count(times, at: Double($0) + second) > Self.threshold } }
            .filter { !$0.value.isEmpty }
    }

    /// The minutes in which the network had more than twenty requests within the hour: its sources are quiet.
    func minutesOfNetworkAlert(second: Double) -> Set<Int> {
        let times = requests.filter { $0.sourceIPs[0].hasPrefix("198.51.100.") }.map(\.time)
        return minutes { count(times, at: Double($0) + second) > 4 * Self.threshold }
    }

    /// Consecutive minutes, from the first to the last of each span, counted from the beginning.
    func spans(_ times: Set<Int>) -> [ClosedRange<Int>] {
        times.map { ($0 - minutes[0]) / 60 }.sorted().reduce(into: []) { spans, minute in
            if let last = spans.last, last.upperBound + 1 == minute {
                spans[spans.count - 1] = last.lowerBound...minute
            } else {
                spans.append(minute...minute)
            }
        }
    }

    /// The spans of each source, as text.
    func text(_ minutes: [Subject: Set<Int>]) -> [String] {
        minutes.map { "\($0.name) \($0.origin): \(spans($1))" }.sorted()
    }

    private func minutes(where isOver: (Int) -> Bool) -> Set<Int> { Set(minutes.filter(isOver)) }

    private func count(_ times: [Double], at time: Double) -> Int {
        times.count { $0 <= time && $0 > time - Self.hour }
    }
}
