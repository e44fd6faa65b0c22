import Dispatch
import Foundation
import Glibc
import HTTPServing
import Logging
import ServiceLifecycle
import UnixSignals

/// Serves metrics and pages until the exporter stops.
struct WebService: Service {
    private let servers: [HTTPServer]

    /// Starts the servers.
    ///
    /// - Throws: `ConfigurationError` if one cannot listen.
    init(_ configuration: Configuration, routes: Routes) throws(ConfigurationError) {
        let policy = configuration.web?.content.policy ?? WebPolicy()
        var servers: [HTTPServer] = []
        for listener in configuration.listeners {
            var metadata: Logger.Metadata = ["tls": "\(configuration.web?.content.tls != nil)"]
            var flag = "--web.listen-address"
            if case .activated(let socket) = listener {
                flag = "--web.systemd-socket"
                if !socket.name.isEmpty { metadata["systemd_socket"] = "\(socket.name)" }
            }
            let server = try ConfigurationError.naming(flag) { () throws(HTTPServerError) in
                try HTTPServer(on: listener, routes: routes, tls: configuration.web?.content.tls, policy: policy)
            }
            metadata["address"] = "\(server.address)"
            configuration.logger.info("Listening", metadata: metadata)
            servers.append(server)
        }
        self.servers = servers
    }

    func run() async throws {
        try? await gracefulShutdown()
        for server in servers { await server.shutDown() }
    }
}

/// Reports suppressed messages of the exporter's log that were not reported yet when the exporter stops. It is stopped
/// after all services that log.
struct SuppressedMessagesService: Service {
    let flush: @Sendable () -> Void

    func run() async throws {
        try? await gracefulShutdown()
        flush()
    }
}

/// Writes the remaining changes when the exporter stops. It is stopped after all inputs.
struct PipelineService: Service {
    let pipeline: Pipeline

    func run() async throws {
        try? await gracefulShutdown()
        guard await pipeline.finish() else { throw StateNotWritten() }
    }
}

/// The latest counts are not on disk. The next start reads their events again.
struct StateNotWritten: Error, CustomStringConvertible {
    var description: String {
        "the state could not be written while stopping; the next start continues from the last written state"
    }
}

/// Retires silent sources and writes the time, once a minute, and soon after the clock was set back: times that were kept
/// until then lie in the future, and become the present time. Each look also tells the pipeline that the process runs.
struct UpkeepService: Service {
    // Retention is at least an hour, so a minute is precise enough.
    private static let interval: Duration = .seconds(60)
    /// The steps of a clock that is corrected by small amounts, in seconds.
    private static let tolerance: Double = 1

    let pipeline: Pipeline
    /// The exporter's clock, in seconds since 1970.
    var now: @Sendable () -> Double = { Date.now.timeIntervalSince1970 }
    /// The time between two looks at the clock. Each one wakes an idle machine up.
    var look: Duration = .seconds(20)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var latest = now()
            var lastUpkeep = ContinuousClock.now
            while !Task.isCancelled {
                try? await Task.sleep(for: look)
                await pipeline.isHolding()
                let now = now()
                let wasSetBack = now < latest - Self.tolerance
                latest = wasSetBack ? now : max(latest, now)
                guard wasSetBack || .now - lastUpkeep >= Self.interval else { continue }
                lastUpkeep = .now
                await pipeline.performUpkeep()
            }
        }
    }
}

/// Returns freed memory to the system, at most once a second, after counts were published: until then, little was freed.
/// It also returns the pages of code that the start has used, and two seconds after the start the memory in which the state
/// was restored.
struct MemoryService: Service {
    let pipeline: Pipeline

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Before much is read from the logs, which takes the most memory.
            ProcessMemory.returnCode()
            try? await Task.sleep(for: .seconds(2))
            ProcessMemory.returnCode()
            await returnFreed()
            for await _ in pipeline.published.changes {
                try? await Task.sleep(for: .seconds(1))
                guard !Task.isCancelled else { return }
                await returnFreed()
            }
        }
    }

    private func returnFreed() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                ProcessMemory.returnFreed()
                continuation.resume()
            }
        }
    }
}

/// Returns when the exporter is asked to stop. It ends the process 5 seconds later, even if something hangs.
struct StopService: Service {
    /// Maximum time to stop, for example when a disk hangs.
    private static let patience: DispatchTimeInterval = .seconds(5)

    /// SIGTERM and SIGINT, also those that came before the services ran.
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        var signals = signals.makeAsyncIterator()
        _ = await signals.next()
        logger.info("Stopping")
        // A second signal ends the process at once.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) {
            logger.error(
                "Stopping took too long and is cut short; the next start continues from the last written state")
            LineWriter.standardError.flush(within: .milliseconds(500))
            _exit(1)
        }
    }
}
