import HTTPServing
import ServiceLifecycle

/// Serves until the exporter stops.
struct WebService: Service {
    let servers: [HTTPServer]

    func run() async throws {
        try? await gracefulShutdown()
        for server in servers { server.stop() }
    }
}
