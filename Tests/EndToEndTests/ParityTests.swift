import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// A second opinion: `Tests/Parity/analytic.py` computes the analytic's table with nothing of the exporter.
@Suite("The analytic's table", .timeLimit(.minutes(2)))
struct ParityTests {
    /// A row of the Python program.
    struct Expected: Decodable {
        var src_ip: String
        var origin: String
        /// The analytic's count.
        var events: Int
        /// The exporter's count.
        var requests: Int
        /// Whether the analytic leaves the row out, since its location is unknown.
        var dropped: Bool
        /// The columns of which the analytic lists an empty value too.
        var empty: [String]
    }

    /// The invented locations of `locations.mmdb`.
    static let places = [
        "192.0.2.0/24=Germany/Berlin", "198.51.100.0/24=Japan/", "203.0.113.0/24=Côte d'Ivoire/Abidjan",
        "127.0.0.0/29=United States/St. Louis", "2001:db8::/33=Brazil/São Paulo",
    ]

    static let columns = [
        "country", "city", "first_seen", "last_seen", "user", "groups", "verb", "request_uri", "user_agent",
        "response_code", "response_message", "response_reason", "response_status", "resource",
    ]

    /// The recorded logs, each as a log with an event per line.
    enum Log: String, CaseIterable {
        case metadata, sameAuditID, unauthorized, webhook, retried

        func write(to file: URL) async throws {
            let directory = file.deletingLastPathComponent()
            let command =
                switch self {
                case .metadata: ["cat", Fixture.url("audit-logs/metadata.log").path]
                case .unauthorized: ["cat", Fixture.url("audit-logs/unauthorized.log").path]
                case .sameAuditID: ["zstd", "-dc", Fixture.url("audit-logs/same-audit-id.log.zst").path]
                case .webhook: ParityTests.python + ["--lines"] + (try Self.bodies("audit-logs/webhook"))
                case .retried: ParityTests.python + ["--lines"] + (try Self.bodies("audit-logs/webhook/retried"))
                }
            let outcome = try await Command.run(command, in: directory)
            try #require(outcome.status == 0, "\(outcome.output.prefix(1000))")
            try Data(outcome.output.utf8).write(to: file)
        }

        private static func bodies(_ path: String) throws -> [String] {
            let directory = Fixture.url(path)
            return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
                .filter { $0.hasSuffix(".json") }.map { directory.appending(path: $0).path }
        }
    }

    static let python = ["python3", Fixture.repository.appending(path: "Tests/Parity/analytic.py").path]

    /// The table of the Python program, as its rows and as their columns.
    static func expected(_ log: URL) async throws -> (rows: [Expected], columns: [String: [String: String]]) {
        let outcome = try await Command.run(
            python + places.flatMap { ["--place", $0] } + [log.path], in: log.deletingLastPathComponent())
        try #require(outcome.status == 0, "\(outcome.output.prefix(1000))")
        let data = Data(outcome.output.utf8)
        return (try JSONDecoder().decode([Expected].self, from: data), try table(data, counting: "requests"))
    }

    /// The columns of a table, by source. Lists are sorted, since the analytic's order is another one.
    static func table(_ json: Data, counting count: String = "count") throws -> [String: [String: String]] {
        let rows = try #require(try JSONSerialization.jsonObject(with: json) as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let address = try #require(row["src_ip"] as? String)
                let origin = try #require(row["origin"] as? String)
                var columns = ["count": "\(try #require(row[count] as? Int))"]
                for name in Self.columns {
                    let value = try #require(row[name], "\(name) of \(address)")
                    columns[name] =
                        (value as? [Any]).map { $0.map { "\($0)" }.sorted().joined(separator: "\n") } ?? "\(value)"
                }
                return ("\(address) \(origin)", columns)
            })
    }

    /// Compares two tables cell by cell.
    static func compare(
        _ actual: [String: [String: String]], with expected: [String: [String: String]],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(Set(actual.keys) == Set(expected.keys), sourceLocation: sourceLocation)
        for (source, columns) in expected {
            for (name, value) in columns {
                #expect(
                    actual[source]?[name] == value, "\(name) of \(source)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test("is the same in scan and in an independent program, column by column", arguments: Log.allCases)
    func scan(log: Log) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            try await log.write(to: file)
            let (rows, expected) = try await Self.expected(file)
            let (exit, output) = try await Program.exporter.run([
                "scan", file.path, "--format", "json", "--window", "all", "--threshold", "0", "--geoip.database",
                Fixture.url("locations/locations.mmdb").path,
            ])
            #expect(exit == .status(rows.isEmpty ? 0 : 3), "\(output.prefix(1000))")
            Self.compare(try Self.table(Data(output.utf8)), with: expected)
        }
    }

    @Test("has no empty values in scan; the analytic lists them")
    func emptyValues() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            var line = AuditLine(from: ["192.0.2.1"])
            let named = line.text
            (line.verb, line.userAgent) = ("", "")
            try Data((named + line.text).utf8).write(to: file)
            let (rows, expected) = try await Self.expected(file)
            #expect(rows.map(\.empty) == [["verb", "user_agent"]])
            let (_, output) = try await Program.exporter.run([
                "scan", file.path, "--format", "json", "--window", "all", "--threshold", "0",
            ])
            let scanned = try Self.table(Data(output.utf8))
            #expect(scanned["192.0.2.1 verified"]?["verb"] == expected["192.0.2.1 verified"]?["verb"])
            #expect(scanned["192.0.2.1 verified"]?["verb"]?.isEmpty == false, "that of the first line")
            #expect(scanned["192.0.2.1 verified"]?["user_agent"]?.contains("\n") == false)
        }
    }

    @Test(
        "is the same in the API of an exporter that read the log, as far as evidence is kept", arguments: Log.allCases)
    func api(log: Log) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            try await log.write(to: file)
            let (_, expected) = try await Self.expected(file)
            let exporter = try await ExporterProgram.start(
                in: directory, ["--geoip.database", Fixture.url("locations/locations.mmdb").path])
            let answer = try await eventually("the counts of the log") {
                let response = try await HTTPClient.get(exporter.server.url.appending(path: "/api/v1/sources"))
                return try JSONDecoder().decode(Answer.self, from: response.body)
            } is: { answer in
                let counts = answer.data.map { ("\($0.src_ip) \($0.origin)", "\($0.count)") }
                return Dictionary(uniqueKeysWithValues: counts) == expected.mapValues { $0["count"] ?? "" }
            }
            for source in answer.data {
                let columns = try #require(expected["\(source.src_ip) \(source.origin)"])
                #expect(source.country == columns["country"] && source.city == columns["city"])
                for (name, values) in source.columns {
                    let all = columns[name].map { $0.isEmpty ? [] : $0.components(separatedBy: "\n") } ?? []
                    if source.left_out[name] == nil {
                        #expect(values.sorted() == all, "\(name) of \(source.src_ip)")
                    } else {
                        // The exporter keeps the values that it saw first, up to a number of bytes.
                        #expect(Set(values).isStrictSubset(of: all), "\(name) of \(source.src_ip)")
                    }
                }
            }
            await exporter.program.stop()
        }
    }

    /// The answer of `/api/v1/sources`.
    struct Answer: Decodable {
        struct Source: Decodable {
            var src_ip: String
            var origin: String
            var count: Int
            var country: String
            var city: String
            var left_out: [String: Int]
            var user: [String]
            var groups: [String]
            var verb: [String]
            var request_uri: [String]
            var user_agent: [String]
            var response_code: [Int]
            var response_message: [String]
            var response_reason: [String]
            var response_status: [String]
            var resource: [String]

            var columns: [String: [String]] {
                [
                    "user": user, "groups": groups, "verb": verb, "request_uri": request_uri, "user_agent": user_agent,
                    "response_code": response_code.map(String.init), "response_message": response_message,
                    "response_reason": response_reason, "response_status": response_status, "resource": resource,
                ]
            }
        }

        var data: [Source]
    }

    @Test("differs from the analytic's where that is on purpose: two stages are one request, no location still counts")
    func differences() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            try await Log.metadata.write(to: file)
            let (rows, _) = try await Self.expected(file)
            // A refused watch, exec, portforward or log is logged in two stages.
            let twice = Dictionary(
                uniqueKeysWithValues: rows.filter { $0.events != $0.requests }.map {
                    ($0.src_ip, [$0.events, $0.requests])
                })
            #expect(twice == ["127.0.0.8": [6, 3], "127.0.0.9": [12, 6]])
            // The analytic counts by Country and City, which drops an event without them.
            let dropped = Set(rows.filter(\.dropped).map(\.src_ip))
            #expect(dropped.isSuperset(of: ["127.0.0.8", "127.0.0.13", "198.51.100.7", "8.8.8.8"]))
            #expect(!dropped.contains("127.0.0.6"))
            // The analytic takes the word of a header: this address made no request.
            #expect(rows.contains { $0.src_ip == "203.0.113.9" && $0.origin == "claimed" && $0.events == 8 })
        }
    }
}
