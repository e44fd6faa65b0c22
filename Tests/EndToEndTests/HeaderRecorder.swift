import Dispatch
import Glibc
import HTTPServing
import Synchronization

/// A server that keeps the header lines of each request as they arrived, and answers 403.
///
/// It reads the bytes itself, since HTTP libraries join repeated lines or change the case of names.
final class HeaderRecorder: Sendable {
    struct Failure: Error {
        let call: String
    }

    let address: ListenAddress
    private let descriptor: Int32
    private let heads: Mutex<[[String]]>
    private let queue = DispatchQueue(label: "HeaderRecorder", attributes: .concurrent)

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw Failure(call: "bind, listen or getsockname") }
        self.address = ListenAddress(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port))
        heads = Mutex([])
        queue.async { [self] in accept() }
    }

    /// The requests that arrived since the last call: their header lines.
    func takeRequests() -> [[String]] {
        heads.withLock { heads in
            defer { heads = [] }
            return heads
        }
    }

    /// Ends accepting; open connections end with their clients.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(descriptor, nil, nil)
            guard connection >= 0 else { break }
            queue.async { [self] in serve(connection) }
        }
        close(descriptor)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let answer = Array("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".utf8)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            received += buffer.prefix(count)
            while let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
                received.removeSubrange(..<end.upperBound)
                heads.withLock { $0.append(head.split(separator: "\r\n").dropFirst().map(String.init)) }
                guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) > 0 else { return }
            }
        }
    }
}
