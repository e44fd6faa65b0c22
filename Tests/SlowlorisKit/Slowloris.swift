public import Foundation
import Glibc
import HTTPServing
import LocalStack
import Synchronization
import TestSupport

/// An exporter with many sources, slow clients, and a scraper.
public struct Slowloris: Sendable {
    private let options: SlowlorisOptions
    private let directory: URL

    /// - Parameter directory: The exporter's working directory.
    public init(_ options: SlowlorisOptions, in directory: URL) {
        self.options = options
        self.directory = directory
    }

    /// Runs it.
    ///
    /// - Throws: If the exporter does not start, or exits.
    public func run() async throws -> SlowlorisReport {
        raiseDescriptorLimit()
        let lines = (0..<options.sources).map { AuditLine(from: ["10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)"]).text }
        try Data(lines.joined().utf8).write(to: directory.appending(path: "audit.log"))
        let limit = options.sources + 1
        let server = try await LocalServer.start(.exporter, in: directory, port: { 0 }) { _ in
            [
                "--audit.log", "audit.log", "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:0",
                "--source.limit", "\(limit)",
            ]
        }
        let tracked = "kube_audit_tracked_sources{origin=\"verified\"} \(options.sources)\n"
        try await eventually("all sources to be counted") {
            String(decoding: try await HTTPClient.get(server.url.appending(path: "/metrics")).body, as: UTF8.self)
                .contains(tracked)
        }
        let target = ListenAddress(host: "127.0.0.1", port: UInt16(server.url.port ?? 0))
        let report = try await onThread { try measure(target, server.program) }
        if let exit = server.program.exit {
            throw SlowlorisFailure(description: "the exporter \(exit); its log ends with:\n\(server.program.logTail())")
        }
        await server.program.stop()
        return report
    }

    private func measure(_ target: ListenAddress, _ program: RunningProgram) throws -> SlowlorisReport {
        var clock = ScrapeClock(target)
        let alone = try (0..<21).map { _ in try clock.scrape() }.sorted()[10]
        let before = ProcessUsage(processID: program.processID)
        let attack = Attack(options, on: target)
        attack.begin()
        var peak = before
        var scrapes: [Duration] = []
        var failures: [String] = []
        // From the beginning, because the simultaneous arrival of all clients is the hardest moment for the exporter.
        while !attack.isOver {
            do { scrapes.append(try clock.scrape()) } catch { failures.append("\(error)") }
            peak.raise(to: ProcessUsage(processID: program.processID))
            Thread.sleep(forTimeInterval: 0.05)
        }
        return SlowlorisReport(
            options: options, scrapes: scrapes, failures: failures, alone: alone, comebacks: attack.comebacks,
            before: before, peak: peak)
    }

    /// Allows as many connections as there are clients, in addition to other open files.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 65536))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
