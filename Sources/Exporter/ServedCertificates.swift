import Exposition
import HTTPServing
import Logging
import Synchronization

/// The certificates of the exporter's servers, read again when their files change.
final class ServedCertificates: Sendable {
    private let servers: [(name: String, tls: ServerTLS)]
    private let logger: Logger
    private let areCurrent: Mutex<[Bool]>

    /// - Parameters:
    ///   - servers: Those of the exporter, as they are named in metrics; those without TLS are passed over.
    ///   - logger: Told when certificates were read again, and why they cannot be.
    init(_ servers: [(name: String, tls: ServerTLS?)], logger: Logger) {
        self.servers = servers.compactMap { server in server.tls.map { (server.name, $0) } }
        self.logger = logger
        areCurrent = Mutex(self.servers.map { _ in true })
    }

    /// Looks whether files changed.
    ///
    /// - Returns: Which of the newest certificates cannot be used, for people.
    @discardableResult
    func refresh() -> [String] {
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
        let areCurrent = areCurrent.withLock { $0 }
        return zip(servers, areCurrent).filter { !$1 }.map { "certificates of the \($0.0.name) server, see the log" }
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
