import AccessScanning
import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// Real proxies with the settings of docs/trusted-proxies.md, and clients that forge headers.
@Suite("A trusted proxy", .timeLimit(.minutes(2)))
struct TrustedProxyTests {
    private static let client = "127.0.0.66"

    /// Header lines with which a client tries to choose its address.
    private static let forgeries: [[String]] = [
        [],
        ["X-Forwarded-For: 203.0.113.66"],
        ["X-Forwarded-For: 203.0.113.66", "X-Forwarded-For: 203.0.113.67"],
        ["X-Forwarded-For: 203.0.113.66, 203.0.113.67,127.0.0.1"],
        ["x-forwarded-for: 203.0.113.66", "X-FORWARDED-FOR: 203.0.113.67", "x-Forwarded-foR: 203.0.113.68"],
        ["X-Forwarded-For: 203.0.113.66:4711", "X-Forwarded-For: [2001:db8::66]:4711"],
        ["X-Forwarded-For:", "X-Forwarded-For: 203.0.113.66"],
        ["X-Forwarded-For:\t203.0.113.66\t"],
        ["X_Forwarded_For: 203.0.113.66", "X-Forwarded_For: 203.0.113.67"],
        ["X-Real-Ip: 203.0.113.66"],
        ["x-real-IP: 203.0.113.66", "X-Real-Ip: 203.0.113.67", "X_Real_Ip: 203.0.113.68"],
        ["X-Forwarded-For: 203.0.113.66", "X-Real-Ip: 203.0.113.67", "Forwarded: for=203.0.113.68"],
        ["Connection: X-Forwarded-For, X-Real-Ip", "X-Forwarded-For: 203.0.113.66"],
        ["X-Forwarded-For: \(String(repeating: "203.0.113.66, ", count: 200))203.0.113.67"],
        // Obsolete or invalid forms, which a proxy may refuse.
        ["X-Forwarded-For: 203.0.113.66,\r\n 203.0.113.67"],
        ["X-Forwarded-For : 203.0.113.66"],
        [" X-Forwarded-For: 203.0.113.66"],
    ]

    @Test(
        "with the documented settings replaces all that a client forges by one line with the client's address",
        arguments: ReverseProxy.allCases)
    func documentedSettings(proxy: ReverseProxy) async throws {
        try await withProxy(proxy, with: proxy.documentedSettings()) { send in
            for forgery in Self.forgeries {
                let (status, lines) = try await send(forgery)
                if status == 400 {
                    #expect(lines == nil, "\(forgery) was refused and forwarded")
                    #expect(forgery.contains { $0.contains("\r\n ") || $0.contains("For :") || $0.hasPrefix(" ") })
                    continue
                }
                let arrived = try #require(lines, "\(forgery) did not arrive")
                #expect(Self.values(of: "X-Forwarded-For", in: arrived) == [Self.client], "\(forgery): \(arrived)")
                #expect(Self.values(of: "X-Real-Ip", in: arrived) == [], "\(forgery): \(arrived)")
                #expect(Self.sources(of: arrived) == ["\(Self.client) verified"], "\(forgery): \(arrived)")
            }
        }
    }

    @Test(
        "with the documented settings writes the address of an IPv6 client without brackets and port",
        .enabled(if: FileManager.default.contents(atPath: "/proc/net/if_inet6")?.isEmpty == false, "needs IPv6"),
        arguments: ReverseProxy.allCases)
    func ipv6(proxy: ReverseProxy) async throws {
        try await withProxy(proxy, with: proxy.documentedSettings(), client: "::1") { send in
            let arrived = try #require(try await send(["X-Forwarded-For: 2001:db8::66"]).lines)
            #expect(Self.values(of: "X-Forwarded-For", in: arrived) == ["::1"])
            #expect(Self.sources(of: arrived) == ["::1 verified"], "\(arrived)")
        }
    }

    @Test(
        "that appends to the client's header lets the client choose its verified address, which the documents forbid",
        arguments: [
            (ReverseProxy.haproxy, "option forwardfor", ["X-Forwarded-For: 203.0.113.66"]),
            (.haproxy, "http-request set-header X-Forwarded-For %[src]", ["X-Real-Ip: 203.0.113.66"]),
            (.haproxy, "http-request add-header X-Forwarded-For %[src]:%[src_port]", ["X-Forwarded-For: 203.0.113.66"]),
            (.nginx, "proxy_set_header X-Forwarded-For $remote_addr;", ["X-Real-Ip: 203.0.113.66"]),
            (.nginx, "", ["X-Forwarded-For: 203.0.113.66"]),
        ])
    func appending(proxy: ReverseProxy, settings: String, forgery: [String]) async throws {
        try await withProxy(proxy, with: settings) { send in
            let arrived = try #require(try await send(forgery).lines)
            #expect(Self.sources(of: arrived).first == "203.0.113.66 verified", "\(arrived)")
        }
    }

    @Test("that appends within one line leaves what the client forged as claims")
    func appendingWithinTheLine() async throws {
        let settings = """
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Real-Ip "";
            """
        try await withProxy(.nginx, with: settings) { send in
            let arrived = try #require(
                try await send(["X-Forwarded-For: 203.0.113.66", "X-Forwarded-For: 203.0.113.67"]).lines)
            #expect(
                Self.sources(of: arrived)
                    == ["\(Self.client) verified", "203.0.113.66 claimed", "203.0.113.67 claimed"], "\(arrived)")
        }
    }

    /// Runs `body` with a function that sends a request through the proxy, and returns the answer's status and the
    /// header lines that arrived behind the proxy.
    private func withProxy(
        _ proxy: ReverseProxy, with settings: String, client: String = Self.client,
        _ body: (_ send: ([String]) async throws -> (status: Int, lines: [String]?)) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let recorder = try HeaderRecorder()
            defer { recorder.stop() }
            let isIPv6 = client.contains(":")
            let (program, address) = try await proxy.start(
                with: settings, on: isIPv6 ? client : "127.0.0.1", before: recorder.address, in: directory)
            try await body { headers in
                let connection = try RawConnection(to: address, from: isIPv6 ? nil : client)
                let head = (["GET /api/v1/secrets HTTP/1.1", "Host: localhost"] + headers).joined(separator: "\r\n")
                let status = try await connection.answer(to: head + "\r\n\r\n").status
                let requests = recorder.takeRequests()
                #expect(requests.count <= 1)
                return (status, requests.first)
            }
            await program.stop()
        }
    }

    /// The values of all lines with this name, as Go's HTTP server knows it: whatever its case.
    private static func values(of name: String, in lines: [String]) -> [String] {
        lines.compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.first?.lowercased() == name.lowercased() else { return nil }
            return parts.dropFirst().first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        }
    }

    /// The sources of a request whose header lines arrive at an API server from the trusted proxy 127.0.0.1.
    ///
    /// The API server takes the addresses of the first `X-Forwarded-For` line, then the first `X-Real-Ip`, then the
    /// connection.
    private static func sources(of lines: [String]) -> [String] {
        var addresses = (values(of: "X-Forwarded-For", in: lines).first ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { IPAddress($0) != nil }
        if let real = values(of: "X-Real-Ip", in: lines).first, IPAddress(real) != nil, !addresses.contains(real) {
            addresses.append(real)
        }
        if addresses.last != "127.0.0.1" { addresses.append("127.0.0.1") }
        let attribution = SourceAttribution(trustedProxies: [Network("127.0.0.1/32")].compactMap { $0 })
        return attribution.sources(of: addresses).map { "\($0.address) \($0.origin)" }
    }
}
