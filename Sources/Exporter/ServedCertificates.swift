import Exposition
import HTTPServing
import Logging
import Synchronization

/// The certificates of the exporter's servers, read again when their files change.
final class ServedCertificates: Sendable {
    /// One of the exporter's servers whose configuration is in a file.
    struct Server: Sendable {
        /// As it is named in metrics.
        let name: String
        /// The flag that names the file.
        let flag: String
        let file: String
        let tls: ServerTLS?
        let policy: WebPolicy

        /// - Parameters:
        ///   - file: `nil` where none is given; then there is no such server.
        ///   - configuration: What was read of it at the start.
        init?(name: String, flag: String, file: String?, configuration: WebConfiguration?) {
            guard let file, let configuration else { return nil }
            self.name = name
            self.flag = flag
            self.file = file
            tls = configuration.tls
            policy = configuration.policy
        }
    }

    private let configured: [Server]
    private let servers: [(name: String, tls: ServerTLS)]
    private let logger: Logger
    private let areCurrent: Mutex<[Bool]>

    /// - Parameters:
    ///   - servers: Those whose configuration is in a file.
    ///   - logger: Told when certificates were read again, and why they cannot be.
    init(_ servers: [Server], logger: Logger) {
        configured = servers
        self.servers = servers.compactMap { server in server.tls.map { (server.name, $0) } }
        self.logger = logger
        areCurrent = Mutex(self.servers.map { _ in true })
    }

    /// Looks whether certificates changed.
    func refresh() {
        for (index, server) in servers.enumerated() {
            switch server.tls.reload() {
            case .unchanged: continue
            case .reloaded:
                logger.info("Certificates read again", metadata: ["server": "\(server.name)"])
                areCurrent.withLock { $0[index] = true }
            case .failed(let error):
                logger.error(
                    "Certificates cannot be read; those before stay in use", error: error,
                    metadata: ["server": "\(server.name)"])
                areCurrent.withLock { $0[index] = false }
            }
        }
    }

    /// Reads the configuration files again, and all that they name: certificates, users, rules. A server whose file cannot be used goes on as
    /// before.
    ///
    /// - Returns: What cannot be used, for people.
    func reload() -> [String] {
        var problems: [String] = []
        for server in configured {
            do throws(WebConfigurationError) {
                let new = try WebConfiguration(file: server.file)
                switch (server.tls, new.tls) {
                case (let tls?, let newTLS?):
                    tls.adopt(newTLS)
                    if let index = servers.firstIndex(where: { $0.name == server.name }) {
                        areCurrent.withLock { $0[index] = true }
                    }
                case (nil, nil): break
                default:
                    problems.append("\(server.flag): TLS cannot be switched on or off without a restart")
                    continue
                }
                server.policy.adopt(new.policy)
            } catch {
                problems.append("\(server.flag): \(error)")
            }
        }
        return problems
    }

    /// Whether the newest certificates are in use; nothing without TLS.
    var families: [MetricFamily] {
        guard !servers.isEmpty else { return [] }
        let areCurrent = areCurrent.withLock { $0 }
        return [
            MetricFamily(
                "kube_audit_tls_certificates_last_reload_successful",
                help: "Whether the newest certificates on disk are in use: 1 if so, else 0.", kind: .gauge,
                samples: zip(servers, areCurrent).map { server, isCurrent in
                    Sample(isCurrent ? 1 : 0, labels: ["server": server.name])
                })
        ]
    }
}
