public import Foundation

/// Creates certificates with `openssl`, as files in a directory.
public struct CertificateAuthority: Sendable {
    /// The purpose of a certificate.
    public enum Usage: String, Sendable {
        /// Servers at 127.0.0.1.
        case server = "serverAuth"
        /// Clients.
        case client = "clientAuth"
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let directory: URL
    private let name: String

    /// Creates `NAME.crt` and `NAME.key`.
    ///
    /// - Parameter days: Its validity.
    public init(_ name: String, in directory: URL, days: Int = 2) async throws {
        self.directory = directory
        self.name = name
        try Data("[req]\ndistinguished_name = dn\n[dn]\n".utf8).write(to: directory.appending(path: "openssl.cnf"))
        try await make(name, ["-addext", "basicConstraints=critical,CA:true"], days: days)
    }

    /// Creates `NAME.crt`, signed by this authority, and `NAME.key`.
    ///
    /// - Parameter names: The subject alternative names, as `openssl` takes them.
    public func issue(_ name: String, for usage: Usage, names: String = "IP:127.0.0.1") async throws {
        try await make(
            name,
            [
                "-CA", "\(self.name).crt", "-CAkey", "\(self.name).key", "-addext",
                "extendedKeyUsage=\(usage.rawValue)", "-addext", "subjectAltName=\(names)", "-addext",
                "basicConstraints=critical,CA:false",
            ])
    }

    private func make(_ name: String, _ arguments: [String], days: Int = 2) async throws {
        let outcome = try await Command.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-config", "openssl.cnf", "-subj", "/CN=\(name)", "-days", "\(days)", "-keyout", "\(name).key", "-out",
                "\(name).crt",
            ] + arguments, in: directory)
        guard outcome.status == 0 else { throw Failure(description: outcome.description) }
    }
}
