public import Foundation
import TestSupport

/// The exporter, Prometheus and Alertmanager on free loopback ports, connected as in production.
///
/// ```swift
/// try await LocalStack.run { stack in
///     try stack.log.append(AuditLine(from: ["192.0.2.1"]).text)
///     try await stack.eventually("an alert") { stack.receiver.delivered } is: { !$0.isEmpty }
/// }
/// ```
public struct LocalStack: Sendable {
    /// Directory of configuration, data and logs; removed at the end.
    public let directory: URL
    /// The audit log that the exporter follows.
    public let log: GrowingLog
    /// Receives Alertmanager's notifications.
    public let receiver: NotificationReceiver
    /// Alertmanager.
    public let alertmanager: LocalServer
    /// The exporter.
    public let exporter: LocalServer
    /// Prometheus.
    public let prometheus: LocalServer

    /// Prometheus' API.
    public var api: PrometheusClient { PrometheusClient(url: prometheus.url) }

    /// Starts a stack, runs `body` with it, then always stops all programs and removes the directory.
    ///
    /// - Throws: `ProgramMissing`, `ProgramFailure`, or the error of `body`.
    public static func run<Result>(
        _ configuration: StackConfiguration = StackConfiguration(), _ body: (LocalStack) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { directory in
            let receiver = try NotificationReceiver()
            var started: [LocalServer] = []
            let outcome: Swift.Result<Result, any Error>
            do {
                let stack = try await start(configuration, in: directory, notifying: receiver, &started)
                outcome = .success(try await body(stack))
            } catch {
                outcome = .failure(error)
            }
            for server in started.reversed() { await server.program.stop() }
            receiver.stop()
            return try outcome.get()
        }
    }

    private static func start(
        _ configuration: StackConfiguration, in directory: URL, notifying receiver: NotificationReceiver,
        _ started: inout [LocalServer]
    ) async throws -> LocalStack {
        let log = try GrowingLog(directory.appending(path: "audit.log"))
        try write(
            configuration.alertmanager ?? StackConfiguration.alertmanager(notifying: receiver.address),
            to: "alertmanager.yml", in: directory)
        let alertmanager = try await LocalServer.start(.alertmanager, in: directory) {
            [
                "--config.file=alertmanager.yml", "--storage.path=alertmanager-data",
                "--web.listen-address=127.0.0.1:\($0)", "--web.external-url=http://127.0.0.1:\($0)/",
                // No gossip: there is only one.
                "--cluster.listen-address=",
            ]
        }
        started.append(alertmanager)
        // Its port is chosen here, since its external URL names it.
        let exporter = try await LocalServer.start(.exporter, in: directory) { port in
            configuration.exporter(following: log.url, on: port)
        }
        started.append(exporter)
        let prometheus = try await LocalServer.start(.prometheus, in: directory) { port in
            // It scrapes itself, so its configuration names its port.
            try write(
                configuration.prometheus(on: port, scraping: exporter.url, notifying: alertmanager.url),
                to: "prometheus.yml", in: directory)
            return [
                "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus-data",
                "--web.listen-address=127.0.0.1:\(port)", "--web.external-url=http://127.0.0.1:\(port)/",
                "--enable-feature=exemplar-storage",
            ]
        }
        started.append(prometheus)
        return LocalStack(
            directory: directory, log: log, receiver: receiver, alertmanager: alertmanager, exporter: exporter,
            prometheus: prometheus)
    }

    private static func write(_ text: String, to name: String, in directory: URL) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }
}
