import Exposition
import HTTPServing
import Logging
import Synchronization

/// The configuration files of the exporter's servers, and the certificates that these name, read again when they change.
final class ServedCertificates: Sendable {
    static let areCurrent = Metric(
        "kube_audit_tls_certificates_last_reload_successful", .gauge,
        "Whether the newest certificates on disk are in use: 1 if so, else 0.", labels: ["server"],
        condition: "with TLS")
    static let notAfter = Metric(
        "kube_audit_tls_certificate_not_after_timestamp_seconds", .gauge,
        "When the served certificate expires, or the first of its chain, in seconds since 1970.", labels: ["server"],
        condition: "with TLS")

    /// In the order in which they are exposed.
    static let metrics = [areCurrent, notAfter]

    /// One of the exporter's servers whose configuration is in a file.
    struct Server: Sendable {
        /// As it is named in metrics.
        let name: String
        /// The flag that names the file.
        let flag: String
        let configuration: ReloadingWebConfiguration

        /// - Parameters:
        ///   - file: `nil` where none is given; then there is no such server.
        ///   - configuration: What was read of it at the start.
        init?(name: String, flag: String, file: String?, configuration: WebConfiguration?) {
            guard let file, let configuration else { return nil }
            self.name = name
            self.flag = flag
            self.configuration = ReloadingWebConfiguration(configuration, file: file)
        }
    }

    private let servers: [Server]
    private let logger: Logger
    /// By name, those whose newest certificates cannot be used.
    private let stale = Mutex<Set<String>>([])

    /// - Parameters:
    ///   - servers: Those whose configuration is in a file.
    ///   - logger: Told when something was read again, and why it cannot be.
    init(_ servers: [Server], logger: Logger) {
        self.servers = servers
        self.logger = logger
    }

    /// Whether what is in the configuration files is in force.
    var areConfiguredAsWritten: Bool { servers.allSatisfy(\.configuration.isCurrent) }

    /// Looks whether configuration files or certificates changed.
    ///
    /// - Returns: Whether there is something new to say of the configuration files.
    @discardableResult
    func refresh() -> Bool {
        var isNews = false
        for server in servers {
            refreshCertificates(of: server)
            switch server.configuration.refresh() {
            case .unchanged: continue
            case .reloaded:
                logger.info("Configuration file read again", metadata: ["server": "\(server.name)"])
                note(server, areCurrent: true)
            case .failed(let error):
                logger.error(
                    "Configuration file cannot be used; what was read before stays in force", error: error,
                    metadata: ["server": "\(server.name)"])
            }
            isNews = true
        }
        return isNews
    }

    /// Reads the configuration files again, and all that they name: certificates, users, rules. A server whose file
    /// cannot be used goes on as before.
    ///
    /// - Returns: What cannot be used, for people.
    func reload() -> [String] {
        servers.compactMap { server in
            guard case .failed(let error) = server.configuration.reload() else {
                note(server, areCurrent: true)
                return nil
            }
            return "\(server.flag): \(error)"
        }
    }

    private func refreshCertificates(of server: Server) {
        switch server.configuration.tls?.reload() {
        case nil, .unchanged: return
        case .reloaded:
            logger.info("Certificates read again", metadata: ["server": "\(server.name)"])
            note(server, areCurrent: true)
        case .failed(let error):
            logger.error(
                "Certificates cannot be read; those before stay in use", error: error,
                metadata: ["server": "\(server.name)"])
            note(server, areCurrent: false)
        }
    }

    private func note(_ server: Server, areCurrent: Bool) {
        stale.withLock { stale in
            if areCurrent { stale.remove(server.name) } else { stale.insert(server.name) }
        }
    }

    /// Whether the newest certificates are in use, and how long they are good; nothing without TLS.
    var families: [MetricFamily] {
        let served = servers.compactMap { server in server.configuration.tls.map { (name: server.name, tls: $0) } }
        guard !served.isEmpty else { return [] }
        let stale = stale.withLock { $0 }
        return [
            MetricFamily(
                Self.areCurrent,
                served.map { Self.areCurrent.sample(SampleValue(!stale.contains($0.name)), $0.name) }),
            MetricFamily(Self.notAfter, served.map { Self.notAfter.sample(.number($0.tls.notAfter), $0.name) }),
        ]
    }
}
