import Dispatch
import HTTPServing
import RawHTTP
import Synchronization
import TestSupport
import Testing

@Suite("A stream whose pieces take long")
struct StreamTests {
    /// Pieces that the test permits one by one.
    private struct Pieces: Sequence, Sendable {
        let permitted = DispatchSemaphore(value: 0)
        let begun = Begun()

        final class Begun: Sendable {
            private let number = Mutex(0)
            var count: Int { number.withLock { $0 } }
            func add() { number.withLock { $0 += 1 } }
        }

        func makeIterator() -> AnyIterator<[UInt8]> {
            var left = 3
            return AnyIterator {
                guard left > 0 else { return nil }
                left -= 1
                begun.add()
                permitted.wait()
                return Array("piece\n".utf8)
            }
        }
    }

    private static func server(_ pieces: Pieces) throws -> HTTPServer {
        var routes = Routes()
        routes.on("GET", "/") { _ in .text("hello\n") }
        routes.on("GET", "/slow") { _ in HTTPResponse(streaming: pieces) }
        return try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes)
    }

    private static let request = "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n"

    @Test("keeps no other request waiting, also if more clients read one than the server has threads")
    func others() async throws {
        let pieces = Pieces()
        let server = try Self.server(pieces)
        let readers = try (0..<6).map { _ in
            let connection = try RawConnection(to: server.address)
            try connection.send(Self.request)
            return connection
        }
        try await eventually("the first piece to be made") { pieces.begun.count == 1 }
        for _ in 0..<20 {
            let scrape = try RawConnection(to: server.address)
            #expect(try await scrape.answer(to: "GET / HTTP/1.1\r\nHost: test\r\n\r\n").status == 200)
        }
        #expect(pieces.begun.count == 1, "one piece at a time")
        for _ in 0..<18 { pieces.permitted.signal() }
        for reader in readers { #expect(try await reader.answer().text == "piece\npiece\npiece\n") }
        await server.shutDown()
    }

    @Test("is abandoned when its client disconnects")
    func clientLeaves() async throws {
        let pieces = Pieces()
        let server = try Self.server(pieces)
        for _ in 0..<5 { try RawConnection(to: server.address).send(Self.request) }
        try await eventually("a piece to be made") { pieces.begun.count == 1 }
        for _ in 0..<30 { pieces.permitted.signal() }
        let start = ContinuousClock.now
        await server.shutDown(patience: .seconds(300))
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test("ends early when the server stops")
    func stop() async throws {
        let pieces = Pieces()
        let server = try Self.server(pieces)
        let reader = try RawConnection(to: server.address)
        try reader.send(Self.request)
        try await eventually("a piece to be made") { pieces.begun.count == 1 }
        await server.shutDown(patience: .zero)
        let received = String(decoding: try reader.bytesToEnd(), as: UTF8.self)
        #expect(received.hasPrefix("HTTP/1.1 200") && !received.contains("piece"), "\(received)")
        // For the piece that is still being made.
        for _ in 0..<3 { pieces.permitted.signal() }
    }
}
