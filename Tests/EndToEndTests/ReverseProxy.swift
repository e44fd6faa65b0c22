import Foundation
import HTTPServing
import LocalStack
import TestSupport

/// A reverse proxy of Debian in front of a server of the test.
enum ReverseProxy: String, CaseIterable, Sendable {
    case haproxy, nginx

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Its settings in docs/trusted-proxies.md.
    func documentedSettings() throws -> String {
        try Documentation.example(in: "docs/trusted-proxies.md", language: rawValue)
    }

    /// Starts it, and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - settings: The settings for forwarded requests, in its own language.
    ///   - host: The loopback address on which it accepts connections.
    ///   - server: Where it sends requests.
    ///   - directory: Its working directory.
    func start(
        with settings: String, on host: String, before server: ListenAddress, in directory: URL
    ) async throws -> (program: RunningProgram, address: ListenAddress) {
        let address = ListenAddress(host: host, port: try LocalServer.freePort())
        let file = directory.appending(path: "\(rawValue).conf")
        try Data(configuration(settings, from: address, to: server).utf8).write(to: file)
        let arguments =
            switch self {
            case .haproxy: ["-db", "-f", file.path]
            case .nginx: ["-p", directory.path, "-c", file.path, "-e", "stderr"]
            }
        let program = try await RunningProgram(try executable(), arguments, name: rawValue, in: directory)
        let port = String(address.port, radix: 16, uppercase: true)
        let listening = try Regex(":0*\(port) 0+:0000 0A")
        try await eventually("\(rawValue) to listen") {
            try program.exit != nil
                || ["/proc/net/tcp", "/proc/net/tcp6"].contains {
                    try String(contentsOfFile: $0, encoding: .utf8).contains(listening)
                }
        }
        guard program.exit == nil else { throw Failure(description: "\(rawValue) exited: \(program.logTail())") }
        return (program, address)
    }

    private func executable() throws -> URL {
        let path = "/usr/sbin/\(rawValue)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure(description: "\(path) is missing; make deps installs it")
        }
        return URL(filePath: path)
    }

    private func configuration(_ settings: String, from address: ListenAddress, to server: ListenAddress) -> String {
        switch self {
        case .haproxy:
            """
            defaults
                mode http
                timeout connect 5s
                timeout client 20s
                timeout server 20s
            frontend clients
                bind \(address)
            \(settings)
                default_backend servers
            backend servers
                server one \(server)

            """
        case .nginx:
            """
            daemon off;
            pid nginx.pid;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                server {
                    listen \(address);
                    location / {
                        proxy_pass http://\(server);
            \(settings)
                    }
                }
            }

            """
        }
    }
}
