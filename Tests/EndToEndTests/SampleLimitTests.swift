import Foundation
import LocalStack
import TestSupport
import Testing

/// The figures of series in docs/sizing.md, compared with an exporter whose counters of all outcomes are in use.
@Suite("The series of a full exporter", .timeLimit(.minutes(1)))
struct SampleLimitTests {
    private static let limits = (verified: 30, claimed: 10, networks: 20)

    @Test(
        "are as many as docs/sizing.md says, with and without the series of creation times", arguments: [false, true])
    func formula(withCreationTimes: Bool) async throws {
        let formula = try Self.formula(withCreationTimes: withCreationTimes)
        try await withTemporaryDirectory { directory in
            try Data(Self.log().utf8).write(to: directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(
                in: directory,
                [
                    "--source.limit", "\(Self.limits.verified)", "--source.claimed-limit", "\(Self.limits.claimed)",
                    "--source.network-limit", "\(Self.limits.networks)",
                ] + (withCreationTimes ? ["--web.openmetrics-created-series"] : []))
            let lines = try await eventually("all requests") {
                try await Self.series(of: exporter)
            } is: {
                $0.contains("kube_audit_lines_total{input=\"file\"} \(Self.requests)")
            }
            await exporter.program.stop()
            // Those of sources and networks, without the two that stand for many.
            let sources = lines.filter { $0.contains("{src_ip=") && !$0.contains(/src_ip="(other|invalid)"/) }
            let networks = lines.filter { $0.contains("{network=") && !$0.contains(/network="(other|invalid)"/) }
            #expect(sources.count == formula.perSource * (Self.limits.verified + Self.limits.claimed))
            #expect(networks.count == formula.perNetwork * Self.limits.networks)
            let rest = lines.count - sources.count - networks.count
            #expect(rest < formula.rest / 2, "\(rest): there must be room for logs, inputs and filters")
        }
    }

    @Test("are with the default limits as many as docs/sizing.md says")
    func defaults() throws {
        let text = try String(contentsOf: Fixture.repository.appending(path: "docs/sizing.md"), encoding: .utf8)
        let formula = try Self.formula(withCreationTimes: false)
        let limit = formula.perSource * 11_000 + formula.perNetwork * 5000 + formula.rest
        #expect(text.contains("\(limit / 1000),000 with the defaults"), "\(limit)")
    }

    /// The lines of its metrics in OpenMetrics, without comments.
    private static func series(of exporter: ExporterProgram) async throws -> [Substring] {
        let url = exporter.server.url.appending(path: "/metrics")
        let answer = try await HTTPClient.get(url, accept: "application/openmetrics-text;version=1.0.0")
        return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    /// The numbers of the formula.
    private static func formula(withCreationTimes: Bool) throws -> (perSource: Int, perNetwork: Int, rest: Int) {
        let text = try String(contentsOf: Fixture.repository.appending(path: "docs/sizing.md"), encoding: .utf8)
        let pattern =
            /(\d+) × \(--source.limit \+ --source.claimed-limit\) \+ (\d+) × --source.network-limit \+ (\d+)/
        let formulas = text.matches(of: pattern).map { ($0.1, $0.2, $0.3) }
        try #require(formulas.count == 2, "the formula, and the one with --web.openmetrics-created-series")
        let (perSource, perNetwork, rest) = formulas[withCreationTimes ? 1 : 0]
        return (try #require(Int(perSource)), try #require(Int(perNetwork)), try #require(Int(rest)))
    }

    private static let addresses = 0..<60
    private static let outcomes: [(code: Int, message: String?)] = [
        (403, nil), (200, nil), (401, "Unauthorized"), (401, "Authentication failed, attempted: bearer"),
        (401, "Authentication failed, no credentials provided"),
    ]
    private static var requests: Int { addresses.count * outcomes.count }

    /// More addresses than there are counters, each with requests of all outcomes and credentials. The last ones have no
    /// valid address.
    private static func log() -> String {
        var text = ""
        for number in addresses {
            let claimed = number < 57 ? "172.16.\(number).1" : "neither"
            let verified = number < 57 ? "10.0.\(number).1" : "nor"
            for (code, message) in outcomes {
                var line = AuditLine(from: [claimed, verified])
                if code == 401 { (line.username, line.groups) = ("", []) }
                (line.code, line.message) = (code, message)
                text += line.text
            }
        }
        return text
    }
}
