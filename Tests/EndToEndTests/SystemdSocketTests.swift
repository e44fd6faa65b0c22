import Foundation
import Glibc
import HTTPServing
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("--web.systemd-socket", .timeLimit(.minutes(2)))
struct SystemdSocketTests {
    /// Passes the sockets 3 and following as systemd does, and starts the program again whenever it ends. Its own log is
    /// the addresses of its sockets.
    private static let parent = """
        import ctypes, os, socket, sys
        sockets = [socket.socket(), socket.socket(socket.AF_UNIX)]
        sockets[0].bind(("127.0.0.1", 0))
        sockets[1].bind("web.sock")
        for one in sockets: one.listen(64)
        for number, one in enumerate(sockets): os.dup2(one.fileno(), 200 + number)
        print("port", sockets[0].getsockname()[1], flush=True)
        while True:
            child = os.fork()
            if child == 0:
                ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
                for number in range(2): os.dup2(200 + number, 3 + number)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="web.socket:local")
                os.execv(sys.argv[1], sys.argv[1:])
            print("process", child, flush=True)
            os.waitpid(child, 0)
        """

    private static func get(_ path: String, from address: ListenAddress) throws -> String {
        let connection = try RawConnection(to: address)
        try connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return try connection.response().text
    }

    @Test("serves on all sockets of the parent, and a restart refuses no connection")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            try Data(AuditLine(from: ["192.0.2.1"]).text.utf8).write(to: directory.appending(path: "audit.log"))
            let program = try await RunningProgram(
                URL(filePath: "/usr/bin/python3"),
                [
                    "-c", Self.parent, Program.exporter.locate().path, "--audit.log", "audit.log", "--audit.from",
                    "beginning", "--web.systemd-socket",
                ], name: "parent", in: directory)
            let text = { program.logText }
            try await eventually("both sockets are served") {
                text().contains("address=unix:web.sock systemd_socket=local tls=false")
            }
            let port = try #require(text().firstMatch(of: /port (\d+)/).flatMap { UInt16($0.1) })
            #expect(text().contains("msg=Listening address=127.0.0.1:\(port) systemd_socket=web.socket tls=false"))
            let addresses: [ListenAddress] = [
                ListenAddress(host: "127.0.0.1", port: port), .unix(path: directory.appending(path: "web.sock").path),
            ]
            for number in 1...3 {
                for address in addresses {
                    // While no exporter runs, the connection waits.
                    #expect(try Self.get("/-/healthy", from: address) == "kube-audit-exporter is healthy.\n")
                }
                let process = try #require(
                    text().matches(of: /process (\d+)/).last.flatMap { pid_t($0.1) }, "\(text())")
                kill(process, SIGTERM)
                try await eventually("the next process is started") {
                    text().matches(of: /process (\d+)/).count > number
                }
            }
            // The exporter ends with its parent.
            await program.stop()
        }
    }

    /// Whether Debian's package systemd is installed; reported once if it is not.
    private static let activate: String? = {
        let path = "/usr/bin/systemd-socket-activate"
        guard access(path, X_OK) == 0 else {
            print("skipped: \(path) is not installed")
            return nil
        }
        return path
    }()

    @Test("is named by a warning if systemd passes sockets without it", .enabled(if: activate != nil))
    func forgotten() async throws {
        try await withTemporaryDirectory { directory in
            let port = try LocalServer.freePort()
            let program = try await RunningProgram(
                URL(filePath: try #require(Self.activate)),
                [
                    "--listen", "127.0.0.1:\(port)", Program.exporter.locate().path, "--audit.log", "x",
                    "--web.listen-address", "127.0.0.1:0",
                ], name: "exporter", in: directory)
            try await eventually("systemd listens") { program.logText.contains("Listening on 127.0.0.1:\(port)") }
            let trigger = try RawConnection(to: ListenAddress(host: "127.0.0.1", port: port))
            try await eventually("the warning") {
                program.logText.contains(
                    #"level=warn msg="Sockets of a systemd .socket unit are not used; give --web.systemd-socket to use "#
                        + #"them""#)
            }
            withExtendedLifetime(trigger) {}
            await program.stop()
        }
    }

    @Test("serves with systemd's own program, with a password", .enabled(if: activate != nil))
    func systemd() async throws {
        try await withTemporaryDirectory { directory in
            let activate = try #require(Self.activate)
            // Of "secret", with the lowest cost.
            let hash = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
            try Data("basic_auth_users: {admin: '\(hash)'}\n".utf8).write(to: directory.appending(path: "web.yml"))
            let port = try LocalServer.freePort()
            let program = try await RunningProgram(
                URL(filePath: activate),
                [
                    "--listen", "127.0.0.1:\(port)", "--fdname", "web", Program.exporter.locate().path, "--audit.log",
                    "x",
                    "--web.systemd-socket", "--web.config.file", "web.yml",
                ], name: "exporter", in: directory)
            try await eventually("systemd listens") { program.logText.contains("Listening on 127.0.0.1:\(port)") }
            // The first connection starts the exporter.
            let answer = try Self.get("/metrics", from: ListenAddress(host: "127.0.0.1", port: port))
            #expect(answer.contains("unauthorized"), "\(answer)")
            try await eventually("the address is logged") {
                program.logText.contains("msg=Listening address=127.0.0.1:\(port) systemd_socket=web tls=false")
            }
            await program.stop()
            #expect(program.exit == .status(0), "\(program.logText)")
        }
    }
}
