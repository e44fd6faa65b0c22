import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// Each source, outcome and number of distinct paths of the recorded logs, as the real exporter exposes them.
@Suite("The outcomes on /metrics", .timeLimit(.minutes(2)))
struct OutcomesTests {
    static let logs = [RecordedOutcomes.hardened, .outcomes]

    private static func expected(_ log: RecordedOutcomes) -> [String: Int] {
        var series: [String: Int] = [:]
        for (source, row) in log.sources {
            series["kube_audit_unauthenticated_forbidden_requests_total \(source)"] = row.forbidden
            series["kube_audit_unauthorized_requests_total \(source) unknown"] = row.unauthorized
            series["kube_audit_anonymous_allowed_requests_total \(source)"] = row.allowed
            series["kube_audit_source_distinct_request_paths \(source)"] = row.paths
        }
        return series.filter { $0.value > 0 }
    }

    private static func shown(by exporter: ExporterProgram) async throws -> [String: Int] {
        let pattern = /(kube_audit_\w+)\{src_ip="(.*?)",.*?origin="(.*?)"(?:,credentials="(.*?)")?\} (\d+)/
        let names = [
            "kube_audit_unauthenticated_forbidden_requests_total", "kube_audit_unauthorized_requests_total",
            "kube_audit_anonymous_allowed_requests_total", "kube_audit_source_distinct_request_paths",
        ]
        var series: [String: Int] = [:]
        for line in try await exporter.metrics().split(separator: "\n") {
            guard let match = line.wholeMatch(of: pattern), names.contains(String(match.1)) else { continue }
            let credentials = match.4.map { " \($0)" } ?? ""
            series["\(match.1) \(match.2) \(match.3)\(credentials)"] = Int(match.5)
        }
        return series
    }

    @Test("are exact for a log that is followed", arguments: logs)
    func followed(log: RecordedOutcomes) async throws {
        try await withTemporaryDirectory { directory in
            try Data(try Fixture.bytes(log.log)).write(to: directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory)
            try await eventually("the counts of \(log.log)") {
                try await Self.shown(by: exporter)
            } is: {
                $0 == Self.expected(log)
            }
            // They are in the state, and the exporter continues from them.
            await exporter.program.stop()
            let next = try await ExporterProgram.start(in: directory)
            #expect(try await Self.shown(by: next) == Self.expected(log))
            await next.program.stop()
        }
    }

    @Test("are exact for a webhook that is sent each batch twice", arguments: logs)
    func webhook(log: RecordedOutcomes) async throws {
        let lines = String(decoding: try Fixture.bytes(log.log), as: UTF8.self).split(separator: "\n")
        try await withTemporaryDirectory { directory in
            let exporter = try await ExporterProgram.start(in: directory, ["--webhook.listen-address", "127.0.0.1:0"])
            let webhook = try #require(exporter.webhook)
            for start in stride(from: 0, to: lines.count, by: 400) {
                let items = lines[start..<min(start + 400, lines.count)].joined(separator: ",")
                let body = Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[\#(items)]}"#.utf8)
                for _ in 0..<2 {
                    let head = "POST /audit HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n"
                    let answer = try await RawConnection(to: webhook).answer(to: Array(head.utf8) + body)
                    #expect(answer.status == 200)
                }
            }
            #expect(try await Self.shown(by: exporter) == Self.expected(log))
            await exporter.program.stop()
        }
    }
}
