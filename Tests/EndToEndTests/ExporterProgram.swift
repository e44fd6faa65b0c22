import Foundation
import HTTPServing
import LocalStack
import RawHTTP
import TestSupport

/// The exporter alone, in a directory with its state and the followed log `audit.log`.
struct ExporterProgram {
    let directory: URL
    let server: LocalServer

    /// Starts it; it stops at the latest when the test's directory is removed.
    static func start(in directory: URL, _ arguments: [String] = []) async throws -> ExporterProgram {
        // Earlier log lines are from another run.
        try? FileManager.default.removeItem(at: directory.appending(path: "exporter.log"))
        let server = try await LocalServer.start(.exporter, in: directory, port: { 0 }) { _ in
            ["--audit.log", "audit.log", "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:0"] + arguments
        }
        return ExporterProgram(directory: directory, server: server)
    }

    var program: RunningProgram { server.program }

    /// Its address, for a connection of the test's own.
    var address: ListenAddress { ListenAddress(host: "127.0.0.1", port: UInt16(server.url.port ?? 0)) }

    /// Address of the webhook; `nil` if its log has none.
    var webhook: ListenAddress? {
        program.logText.firstMatch(of: /Listening for the audit webhook" address=127\.0\.0\.1:(\d+)/)
            .flatMap { UInt16($0.1) }.map { ListenAddress(host: "127.0.0.1", port: $0) }
    }

    /// Its metrics.
    func metrics() async throws -> String {
        String(decoding: try await HTTPClient.get(server.url.appending(path: "/metrics")).body, as: UTF8.self)
    }

    /// The values of the series whose lines have this prefix.
    func values(_ name: String) async throws -> [String] {
        try await metrics().split(separator: "\n").filter { $0.hasPrefix(name) }
            .map { String($0[($0.lastIndex(of: " ") ?? $0.startIndex)...].dropFirst()) }
    }

    /// The counted requests, by address and origin.
    func counts() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for line in try await metrics().split(separator: "\n") {
            let pattern = /kube_audit_unauthenticated_forbidden_requests_total\{src_ip="(.*?)",.*origin="(.*?)"\} (\d+)/
            if let match = line.wholeMatch(of: pattern) { counts["\(match.1) \(match.2)"] = Int(match.3) }
        }
        return counts
    }
}
