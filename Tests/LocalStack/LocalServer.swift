public import Foundation
import HTTPServing
import TestSupport

/// A program that serves HTTP on loopback.
public struct LocalServer: Sendable {
    /// The program.
    public let program: RunningProgram
    /// Its base URL.
    public let url: URL

    /// Starts a program, and waits until it listens and reports readiness, or that no log can be read.
    ///
    /// Reads the port from the program's own log, so that a response of another program is never mistaken for it.
    ///
    /// - Parameters:
    ///   - program: The program; it also names the log.
    ///   - directory: Its working directory, and the directory of its log.
    ///   - port: Returns a port to try. Another program may bind it first; then the next port is tried.
    ///   - arguments: The arguments for a port.
    package static func start(
        _ program: Program, in directory: URL, port: () throws -> UInt16 = Self.freePort,
        arguments: (UInt16) throws -> [String]
    ) async throws -> LocalServer {
        let executable = try program.locate()
        var attempts = 0
        while true {
            attempts += 1
            let running = try await RunningProgram(
                executable, arguments(try port()), name: program.rawValue, in: directory)
            do {
                return try await listening(running)
            } catch {
                await running.stop()
                guard attempts < 5, running.logText.contains("address already in use") else { throw error }
                try FileManager.default.removeItem(at: running.log)
            }
        }
    }

    private static func listening(_ program: RunningProgram) async throws -> LocalServer {
        do {
            var url: URL?
            try await eventually("\(program.name) to listen and be ready", within: .seconds(20)) {
                if program.exit != nil { return true }
                url = address(in: program.logText)
                guard let ready = url?.appending(path: "/-/ready") else { return false }
                let response = try await HTTPClient.get(ready)
                // An exporter whose log does not exist yet has started too.
                return response.status == 200
                    || String(decoding: response.body, as: UTF8.self).contains("no log can be")
            }
            if let exit = program.exit {
                throw ProgramFailure("\(program.name) \(exit) before it was ready", logsOf: [program])
            }
            guard let url else {
                throw ProgramFailure("\(program.name) did not log its listen address", logsOf: [program])
            }
            return LocalServer(program: program, url: url)
        } catch let error as NeverHappened {
            throw ProgramFailure("\(error)", logsOf: [program])
        }
    }

    /// The listen address in a program's log. All programs but VictoriaMetrics use the same form.
    private static func address(in log: String) -> URL? {
        for line in log.split(separator: "\n") {
            if let match = line.firstMatch(
                of: /msg=(?:[Ll]istening|"[Ll]istening(?: on)?") .*address="?(127\.0\.0\.1:\d+)/)
                ?? line.firstMatch(of: /starting http server at http:\/\/(127\.0\.0\.1:\d+)/)
            {
                return URL(string: "http://\(match.1)")
            }
        }
        return nil
    }

    /// A free loopback port.
    package static func freePort() throws -> UInt16 {
        let server = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: Routes())
        defer { server.stop() }
        return server.address.port
    }
}
