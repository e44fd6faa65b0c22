import Foundation
import LocalStack
import TestSupport
import Testing

/// MetricsQL differs from PromQL: `increase`, ranges and staleness have other meanings. The rule uses only the common
/// part.
@Suite(
    "VictoriaMetrics",
    .enabled("victoria-metrics is not installed; Debian has a package of that name") {
        (try? Program.victoriaMetrics.locate()) != nil
    })
struct VictoriaMetricsTests {
    @Test(
        "has the same counts as Prometheus with the detection rule, but not with increase()", .timeLimit(.minutes(2)))
    func agrees() async throws {
        let seed = SourceHistory.seed
        let histories = SourceHistory.random(60, seed: seed)
        // Without the location: if a target's label hides `country`, two series of one counter have different ones.
        let rule = "sum by (cluster, src_ip, origin) (\(try DetectionRule.forbidden.expression()))"
        let expressions = [rule, "increase(\(DetectionRule.forbidden.requests)[1h]) > 0"]
        // All samples are in the past and within the retention.
        let beginning = Int(Date().timeIntervalSince1970) / 3600 * 3600 - 2 * SourceHistory.length
        let values = try await withTemporaryDirectory { directory in
            let server = try await LocalServer.start(.victoriaMetrics, in: directory) {
                ["-storageDataPath=data", "-httpListenAddr=127.0.0.1:\($0)", "-search.disableCache"]
            }
            try await Self.send(histories, from: beginning, to: server.url)
            let client = PrometheusClient(url: server.url)
            var values = expressions.map { _ in [(time: Int, samples: [QuerySample])]() }
            // Not a multiple of the scrape interval: whether a sample at exactly that time is in a range differs even
            // between versions of Prometheus.
            for time in stride(from: 67, to: SourceHistory.length, by: 180) {
                for (index, expression) in expressions.enumerated() {
                    values[index].append((time, try await client.query(expression, at: beginning + time)))
                }
            }
            await server.program.stop()
            return values
        }
        #expect(values[0].count { !$0.samples.isEmpty } > 50)
        let prometheus = PromtoolHistories(histories: histories)
        let objection = try await prometheus.objection(to: values[0], of: expressions[0])
        #expect(objection == nil, "HISTORIES_SEED=\(seed): Prometheus has another result")
        // Otherwise the data would be too simple to prove anything.
        #expect(try await prometheus.objection(to: values[1], of: expressions[1]) != nil)
    }

    private static func send(_ histories: [SourceHistory], from beginning: Int, to url: URL) async throws {
        let interval = SourceHistory.scrapeInterval
        for history in histories {
            var write = RemoteWrite()
            for scraped in history.series {
                for (name, value) in [
                    (DetectionRule.forbidden.requests, { (series: SourceSeries) in Double(series.requests) }),
                    (DetectionRule.forbidden.firstSeen, { scraped.firstSeen($0) + Double(beginning) }),
                ] {
                    write.add(
                        scraped.labels.merging(["__name__": name, "src_ip": history.name]) { $1 },
                        SourceHistory.stored(scraped.samples, value).map { (beginning + $0.index * interval, $0.value) }
                    )
                }
            }
            let answer = try await HTTPClient.post(
                write.body, to: url.appending(path: "/api/v1/write"), headers: RemoteWrite.headers)
            try #require(answer.status == 204, "\(String(decoding: answer.body, as: UTF8.self))")
        }
        // Written data can be queried from then on.
        let flush = try await HTTPClient.get(url.appending(path: "/internal/force_flush"))
        try #require(flush.status == 200)
    }
}
