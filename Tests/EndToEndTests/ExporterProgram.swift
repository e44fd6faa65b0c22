import Foundation
import HTTPServing
import LocalStack
import RawHTTP
import TestSupport

/// The exporter alone, in a directory in which it keeps its state and follows `audit.log`.
struct ExporterProgram {
    let directory: URL
    let server: LocalServer

    /// Starts it; it stops when the test's directory goes, at the latest.
    static func start(in directory: URL, _ arguments: [String] = []) async throws -> ExporterProgram {
        // What it logged before is of another run.
        try? FileManager.default.removeItem(at: directory.appending(path: "exporter.log"))
        let server = try await LocalServer.start(.exporter, in: directory, port: { 0 }) { _ in
            ["--audit.log", "audit.log", "--web.listen-address", "127.0.0.1:0"] + arguments
        }
        return ExporterProgram(directory: directory, server: server)
    }

    var program: RunningProgram { server.program }

    /// Where it serves, for a connection of the test's own.
    var address: ListenAddress { ListenAddress(host: "127.0.0.1", port: UInt16(server.url.port ?? 0)) }

    /// Where it receives the webhook; `nil` where its log does not say.
    var webhook: ListenAddress? {
        program.logText.firstMatch(of: /Listening for the audit webhook" address=127\.0\.0\.1:(\d+)/)
            .flatMap { UInt16($0.1) }.map { ListenAddress(host: "127.0.0.1", port: $0) }
    }

    /// What it shows.
    func metrics() async throws -> String {
        String(decoding: try await HTTPClient.get(server.url.appending(path: "/metrics")).body, as: UTF8.self)
    }

    /// The values of the series whose line begins so.
    func values(_ name: String) async throws -> [String] {
        try await metrics().split(separator: "\n").filter { $0.hasPrefix(name) }
            .map { String($0[($0.lastIndex(of: " ") ?? $0.startIndex)...].dropFirst()) }
    }

    /// The requests counted, by address and origin.
    func counts() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for line in try await metrics().split(separator: "\n") {
            let pattern = /kube_audit_unauthenticated_forbidden_requests_total\{src_ip="(.*?)",.*origin="(.*?)"\} (\d+)/
            if let match = line.wholeMatch(of: pattern) { counts["\(match.1) \(match.2)"] = Int(match.3) }
        }
        return counts
    }
}
