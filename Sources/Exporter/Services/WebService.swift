import HTTPServing
import Logging
import ServiceLifecycle

/// Serves metrics and pages until the exporter stops.
struct WebService: Service {
    private let servers: [HTTPServer]

    /// Starts the servers.
    ///
    /// - Throws: `HTTPServerError` if one cannot listen.
    init(_ configuration: Configuration, routes: Routes) throws(HTTPServerError) {
        let policy = configuration.web?.content.policy ?? WebPolicy()
        var servers: [HTTPServer] = []
        for address in configuration.listenAddresses {
            let server = try HTTPServer(
                listenOn: address, routes: routes, tls: configuration.web?.content.tls, policy: policy)
            configuration.logger.info(
                "Listening",
                metadata: ["address": "\(server.address)", "tls": "\(configuration.web?.content.tls != nil)"])
            servers.append(server)
        }
        self.servers = servers
    }

    func run() async throws {
        try? await gracefulShutdown()
        for server in servers { await server.shutDown() }
    }
}
