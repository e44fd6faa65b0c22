public import Foundation
import LocalStack
import TestSupport

/// Sends requests from more addresses than the exporter can keep, while one source makes a few among them.
///
/// ```swift
/// let report = try await Flood(options, in: directory).run { print($0) }
/// ```
public struct Flood: Sendable {
    private static let realAddress = "203.0.113.7"
    private static let linesPerWrite = 2000

    private let options: FloodOptions
    private let directory: URL

    /// - Parameter directory: An existing, writable directory.
    public init(_ options: FloodOptions, in directory: URL) {
        self.options = options
        self.directory = directory
    }

    /// Starts an exporter, floods it, and stops it.
    ///
    /// - Parameter progress: Called with progress messages.
    /// - Throws: `ProgramFailure`, `TortureFailure`, or an error of the start.
    public func run(_ progress: @escaping @Sendable (String) -> Void) async throws -> FloodReport {
        let log = try AppendedFile(creating: directory.appending(path: "audit.log").path)
        defer { try? FileManager.default.removeItem(atPath: log.path) }
        let address = LoopbackAddress.own(port: 10_403)
        var exporter = ExporterLives(
            options.exporter,
            [
                "--audit.log", log.path, "--audit.from", "beginning", "--storage.path",
                directory.appending(path: "state").path,
                "--web.listen-address", "\(address)", "--log.level", "warn",
            ], in: directory)
        var prometheus: LocalServer?
        do {
            try await exporter.start()
            let server = try await startPrometheus(scraping: address)
            prometheus = server
            var report = try await flood(log, &exporter, address, progress)
            report.prometheus = PrometheusFigures(
                String(decoding: try await HTTPClient.get(server.url.appending(path: "/metrics")).body, as: UTF8.self))
            await server.program.stop()
            try await exporter.stop()
            return report
        } catch {
            await prometheus?.program.stop()
            await exporter.abandon()
            throw error
        }
    }

    /// Starts a Prometheus that scrapes the exporter every second.
    private func startPrometheus(scraping address: LoopbackAddress) async throws -> LocalServer {
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: kube-audit-exporter
                static_configs: [{targets: ["\(address)"]}]
            """
        try Data(configuration.utf8).write(to: directory.appending(path: "prometheus.yml"))
        return try await LocalServer.start(.prometheus, in: directory) {
            [
                "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus-data",
                "--web.listen-address=127.0.0.1:\($0)",
            ]
        }
    }

    private func flood(
        _ log: AppendedFile, _ exporter: inout ExporterLives, _ address: LoopbackAddress,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> FloodReport {
        try await eventually("the exporter to serve", within: .seconds(10)) {
            (try? HTTPConnection(to: address)) != nil
        }
        var report = FloodReport()
        report.memoryLimit = options.memoryLimit
        report.seriesLimit = options.seriesLimit
        let end = Flag()
        let scraping = Task.detached { Scrapes.untilSet(end, of: address) }
        let started = ContinuousClock.now
        var written = 0
        let pause = max(1, options.addresses / options.requests)
        let between = max(1, options.addresses / Self.linesPerWrite / (options.kills + 1))
        for start in stride(from: 0, to: options.addresses, by: Self.linesPerWrite) {
            var lines: [UInt8] = []
            for number in start..<min(start + Self.linesPerWrite, options.addresses) {
                lines += Self.line(number, verified: Self.address(0x2001_0db8, number), claimed: number)
                written += 1
                report.sent += 2
                if number % pause == pause / 2, report.expected < options.requests {
                    lines += Self.line(options.addresses + number, verified: Self.realAddress, claimed: nil)
                    written += 1
                    report.sent += 1
                    report.expected += 1
                }
            }
            try log.append(lines[...])
            progress("\(written) of \(options.addresses + options.requests) requests")
            try exporter.check()
            try Task.checkCancellation()
            guard start / Self.linesPerWrite % between == between - 1, exporter.kills < options.kills else { continue }
            report.note(peakMemory: try exporter.processID.map(Self.peakMemory))
            try await exporter.kill()
            try await exporter.start()
        }
        let shown = try await eventually("the exporter to count \(written) requests", within: .seconds(300)) {
            try Scrapes.one(of: address).shown
        } is: {
            $0.lines >= written
        }
        report.duration = .now - started
        end.set()
        let seen = await scraping.value
        report.scrapes = seen.durations
        // With those after the last scrape that was timed.
        var series = seen.series
        series.add(shown)
        report.createdSources = series.sources.count
        report.createdNetworks = series.networks.count
        for _ in 0..<20 { report.quietScrapes.append(try Scrapes.one(of: address).duration) }
        report.series = shown.series
        report.bytes = shown.bytes
        report.shown = shown.counts[CountedSource(address: Self.realAddress, origin: "verified")] ?? 0
        report.sum = shown.counts.values.reduce(shown.retiredRequests, +)
        report.networkSum = shown.networkRequests
        report.note(peakMemory: try exporter.processID.map(Self.peakMemory))
        report.kills = exporter.kills
        return report
    }

    /// In bytes, as measured by Linux.
    private static func peakMemory(of process: Int) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let kibibytes = line?.split(separator: " ").dropLast().last.flatMap({ Int($0) }) else {
            throw TortureFailure("/proc/\(process)/status has no memory figures")
        }
        return kibibytes << 10
    }

    /// Each number's own address, in a /64 of its own.
    private static func address(_ prefix: UInt32, _ number: Int) -> String {
        // Consecutive numbers are far apart, as invented addresses are.
        let mixed = UInt32(truncatingIfNeeded: number) &* 2_654_435_761
        let parts = [prefix >> 16, prefix & 0xffff, mixed >> 16, mixed & 0xffff].map { String($0, radix: 16) }
        return "\(parts.joined(separator: ":"))::1"
    }

    private static func line(_ number: Int, verified: String, claimed: Int?) -> [UInt8] {
        let sources = (claimed.map { [address(0xfd00_0000, $0)] } ?? []) + [verified]
        let second = number / 1000 % 60
        let time =
            "2026-11-24T10:\(number / 60_000 % 60 + 10):\(second < 10 ? "0" : "")\(second).\(100_000 + number % 1000)Z"
        return Array(
            """
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"\(number)",\
            "stage":"ResponseComplete","requestURI":"/api/v1/secrets","verb":"list",\
            "user":{"username":"system:anonymous","groups":["system:unauthenticated"]},\
            "sourceIPs":["\(sources.joined(separator: "\",\""))"],"userAgent":"curl/7.88.1",\
            "responseStatus":{"metadata":{},"status":"Failure","reason":"Forbidden","code":403},\
            "requestReceivedTimestamp":"\(time)","stageTimestamp":"\(time)",\
            "annotations":{"authorization.k8s.io/decision":"forbid"}}\n
            """.utf8)
    }
}
