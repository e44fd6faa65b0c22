import Foundation
import Glibc
@testable import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("Sockets that the process was given", .serialized)
struct ActivatedSocketTests {
    /// A number above the descriptors of other tests.
    private static let first: Int32 = 700

    /// Calls `body` while copies of the descriptors have consecutive numbers from `first` on.
    private static func passing<Result>(_ descriptors: [Int32], _ body: () throws -> Result) throws -> Result {
        var passed: [Int32] = []
        defer { for descriptor in passed { close(descriptor) } }
        for (number, descriptor) in descriptors.enumerated() {
            let place = first + Int32(number)
            try #require(fcntl(place, F_GETFD) == -1, "descriptor \(place) is in use")
            try #require(dup2(descriptor, place) == place)
            passed.append(place)
        }
        return try body()
    }

    private static func take(_ count: String, names: String? = nil, pid: pid_t = getpid()) throws -> [ActivatedSocket] {
        var variables = ["LISTEN_FDS": count, "LISTEN_PID": "\(pid)"]
        variables["LISTEN_FDNAMES"] = names
        return try ActivatedSocket.take(variables, process: getpid(), first: first)
    }

    private static func socket(_ family: Int32, _ type: __socket_type = SOCK_STREAM) -> Int32 {
        Glibc.socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    /// A blocking socket that listens, as systemd makes it.
    private static func listening(_ address: SocketAddress) throws -> Int32 {
        let descriptor = socket(address.family)
        try #require(address.bind(descriptor) == 0 && listen(descriptor, 16) == 0)
        return descriptor
    }

    @Test("serve with their names and addresses, and stay open after a stop")
    func serves() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let addresses = try SocketAddress.resolve(host: "127.0.0.1", port: 0) + [SocketAddress(path: path)]
            let sockets = try addresses.map(Self.listening)
            defer { for socket in sockets { close(socket) } }
            try Self.passing(sockets) {
                let taken = try Self.take("2", names: "web.socket:local")
                #expect(taken.map(\.name) == ["web.socket", "local"])
                #expect(taken[0].address.host == "127.0.0.1" && taken[0].address.port != 0)
                #expect(taken[1].address == .unix(path: path))
                for socket in taken {
                    #expect(fcntl(socket.descriptor, F_GETFD) == FD_CLOEXEC)
                    for _ in 0..<2 {
                        // A second server on the same descriptor: the first one left it open.
                        let server = try HTTPServer.forTests(on: .activated(socket))
                        #expect(server.address == socket.address)
                        #expect(try server.get("/").text == "hello\n")
                        server.stop()
                    }
                    // The kernel accepts connections for the next process.
                    _ = try RawConnection(to: socket.address)
                }
                #expect(FileManager.default.fileExists(atPath: path), "the file belongs to systemd")
            }
        }
    }

    @Test("have no names if the variable has none")
    func names() throws {
        let socket = try Self.listening(try #require(try SocketAddress.resolve(host: "127.0.0.1", port: 0).first))
        defer { close(socket) }
        try Self.passing([socket, socket]) {
            let expected: [(count: String, names: String?, taken: [String])] = [
                ("2", nil, ["", ""]), ("2", "one", ["one", ""]), ("1", "", [""]),
            ]
            for (count, names, taken) in expected {
                let sockets = try Self.take(count, names: names)
                #expect(sockets.map(\.name) == taken)
            }
        }
    }

    @Test("are refused with a reason")
    func refused() throws {
        let (datagram, unbound) = (Self.socket(AF_INET, SOCK_DGRAM), Self.socket(AF_INET6))
        var pipe: [Int32] = [0, 0]
        #expect(Glibc.pipe(&pipe) == 0)
        defer { for descriptor in [datagram, unbound] + pipe { close(descriptor) } }
        for (descriptor, reason) in [
            (datagram, "descriptor 700 (a) is not a stream socket; use ListenStream= in the .socket unit"),
            (unbound, "descriptor 700 (a) does not listen; set Accept=no in the .socket unit"),
            (pipe[0], "descriptor 700 (a) is not a socket"),
        ] {
            let error = #expect(throws: ActivationError.self) {
                try Self.passing([descriptor]) { try Self.take("1", names: "a") }
            }
            #expect(error?.description == reason)
        }
        let closed = #expect(throws: ActivationError.self) { try Self.take("1") }
        #expect(closed?.description == "descriptor 700 is not open")
    }

    @Test("must be for this process", arguments: ["x", "-1", "0", "", "99999999999", "1"])
    func variables(count: String) {
        let error = #expect(throws: ActivationError.self) { try Self.take(count, pid: 1) }
        let expected =
            switch count {
            case "0":
                "no sockets were passed to this process (LISTEN_FDS is not set); start it by a systemd .socket unit, "
                    + "or use --web.listen-address"
            case "1":
                "the sockets were passed to process 1 (LISTEN_PID), and this is process \(getpid()); start the "
                    + "exporter without another program in between"
            default: "LISTEN_FDS=\"\(count)\" is not a number of sockets"
            }
        #expect(error?.description == expected)
    }
}
