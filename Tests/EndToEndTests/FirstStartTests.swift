import Foundation
import Glibc
import HTTPServing
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("A first start", .timeLimit(.minutes(2)))
struct FirstStartTests {
    /// The exporter's only output when it does not start.
    private static func failure(_ arguments: [String], status: Int32 = 1) async throws -> String {
        let (exit, output) = try await Program.exporter.run(arguments)
        #expect(exit == .status(status), "\(output)")
        return output.split(separator: "\n").last { !$0.hasPrefix("ts=") }.map(String.init) ?? output
    }

    /// Flags of an exporter that would start.
    private static func usable(_ directory: URL) -> [String] {
        ["--audit.log", "x", "--storage.path", directory.path, "--web.listen-address", "127.0.0.1:0"]
    }

    @Test("tells which logs are followed, from where, and when and with how many events they were read")
    func talks() async throws {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append((0..<40).map { _ in AuditLine(from: ["192.0.2.1"]).text }.joined())
            let filter = "filters: [{name: a, networks: [10.0.0.0/8]}, {name: b, user_agents: [kube-probe/*]}]\n"
            try Data(filter.utf8).write(to: directory.appending(path: "filter.yml"))
            let locations = Fixture.url("locations/locations.mmdb").path
            let flags = [
                "--filter.file", "filter.yml", "--geoip.database", locations, "--webhook.listen-address", "127.0.0.1:0",
            ]
            let first = try await ExporterProgram.start(in: directory, flags)
            let expect = { (exporter: ExporterProgram, expected: String) in
                _ = try await eventually("\(expected)") {
                    exporter.program.logText
                } is: {
                    $0.contains(expected + "\n")
                }
            }
            try await expect(
                first,
                #"msg="Log was read to its end; new lines are read as they are written" lines=40 log=audit.log "#
                    + "matching_events=40")
            let text = first.program.logText
            #expect(text.contains(#"msg="No state to restore; counters start at zero" directory=data/"#), "\(text)")
            #expect(text.contains(#"msg="Following log" from="#), "\(text)")
            #expect(text.contains(#"msg="Filter loaded" entries=2 file=filter.yml"#), "\(text)")
            #expect(text.contains(#"msg="Location database loaded" built=20"#), "\(text)")
            #expect(text.contains(#"languages="de,en,ja,pt-BR" type=Test-City"#) || text.contains("type=Test-City"))
            #expect(text.contains(#"msg="Listening for the audit webhook" address=127.0.0.1:"#), "\(text)")
            await first.program.stop()

            let size = try Data(contentsOf: directory.appending(path: "audit.log")).count
            let second = try await ExporterProgram.start(in: directory, flags)
            try await expect(
                second, #"msg="Following log" from="byte \#(size), up to which it was read before" log=audit.log"#)
            let restored = /msg="State restored" directory=data\/ last_written=20.*Z .*sources=1/
            #expect(second.program.logText.contains(restored), "\(second.program.logText)")
            await second.program.stop()
        }
    }

    @Test("is not ready while no log can be read, and healthy")
    func readiness() async throws {
        try await withTemporaryDirectory { directory in
            let exporter = try await ExporterProgram.start(in: directory)
            let get = { (path: String) in
                let response = try await HTTPClient.get(exporter.server.url.appending(path: path))
                return "\(response.status) \(String(decoding: response.body, as: UTF8.self))"
            }
            #expect(
                try await get("/-/ready")
                    == "503 kube-audit-exporter is not ready: no log can be read.\n"
                    + "audit.log: No such file or directory\n")
            #expect(try await get("/-/healthy").hasPrefix("200 "))
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            _ = try await eventually("readiness") {
                try await get("/-/ready")
            } is: {
                $0 == "200 kube-audit-exporter is ready.\n"
            }
            await exporter.program.stop()
        }
    }

    @Test("that fails because of the state's directory names the flag and the remedy")
    func storage() async throws {
        try await withTemporaryDirectory { directory in
            let missing = directory.appending(path: "no/where").path
            #expect(
                try await Self.failure(["--audit.log", "x", "--storage.path", missing])
                    == "kube-audit-exporter: --storage.path \(missing): parent directory does not exist; create it, or "
                    + "give another directory")
            let file = directory.appending(path: "file")
            try Data().write(to: file)
            #expect(
                try await Self.failure(["--audit.log", "x", "--storage.path", file.path])
                    == "kube-audit-exporter: --storage.path \(file.path): not a directory; state is kept in a directory"
            )
        }
    }

    @Test("that fails because of an address in use names the address's flag", arguments: ["web", "webhook"])
    func address(server: String) async throws {
        try await withTemporaryDirectory { directory in
            let taken = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: Routes())
            defer { taken.stop() }
            // The last address counts for the webhook; for metrics it is a second one.
            let flag = "--\(server).listen-address"
            #expect(
                try await Self.failure(Self.usable(directory) + [flag, "\(taken.address)"])
                    == "kube-audit-exporter: \(flag) \(taken.address): address already in use by another process")
        }
    }

    @Test("that fails because of a number or a network names the flag and gives the form of a valid one")
    func values() async throws {
        try await withTemporaryDirectory { directory in
            for (arguments, message) in [
                (
                    ["--source.limit", "10k"],
                    #"--source.limit: "10k" is not a number; give a whole number from 1 to 10000000, such as 10000"#
                ),
                (
                    ["--source.claimed-limit", "-5"],
                    #"--source.claimed-limit: "-5" is not in the range; give a whole number from 0 to 10000000, such as "#
                        + "1000"
                ),
                (
                    ["--source.network-limit", "99999999999999999999"],
                    #"--source.network-limit: "99999999999999999999" is not in the range; give a whole number from 0 to "#
                        + "10000000, such as 5000"
                ),
                (
                    ["--source.trusted-proxy", "10.1.2.3/8"],
                    #"--source.trusted-proxy: "10.1.2.3/8" has bits after its prefix; give 10.0.0.0/8 for the network, "#
                        + "or 10.1.2.3 for the address"
                ),
                (
                    ["--webhook.max-body-size", "1MiB"],
                    "--webhook.max-body-size: has no effect without --webhook.listen-address HOST:PORT; add it"
                ),
            ] {
                let failure = try await Self.failure(Self.usable(directory) + arguments, status: 64)
                #expect(failure == "kube-audit-exporter: \(message)")
            }
        }
    }

    @Test("is refused with a location database that has no cities or countries")
    func locations() async throws {
        try await withTemporaryDirectory { directory in
            let file = Fixture.url("locations/networks.mmdb").path
            let failure = try await Self.failure(
                Self.usable(directory) + ["--geoip.database", file], status: 78)
            #expect(
                failure.hasPrefix(
                    "kube-audit-exporter: --geoip.database: \(file): a database of type \"Test-ASN\" without the fields "
                        + "country.names.en and city.names.en"), "\(failure)")
        }
    }
}
