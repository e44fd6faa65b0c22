import Glibc

/// A persistent connection on which requests can be interrupted or abandoned.
final class HTTPConnection {
    struct Failure: Error {}

    private let descriptor: Int32
    private var received: [UInt8] = []
    /// Whether another request may be sent.
    private(set) var isOpen = true

    /// Connects.
    init(to address: LoopbackAddress) throws(Failure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure() }
        var socketAddress = sockaddr_in()
        socketAddress.sin_family = sa_family_t(AF_INET)
        socketAddress.sin_port = address.port.bigEndian
        guard inet_pton(AF_INET, address.host, &socketAddress.sin_addr) == 1 else { throw Failure() }
        let status = withUnsafePointer(to: &socketAddress) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure() }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sends bytes, which need not be a whole request.
    func send(_ bytes: ArraySlice<UInt8>) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure() }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for a response.
    ///
    /// - Parameter patience: In milliseconds.
    /// - Throws: `Failure` without a response in time, or if the connection ends; it is unusable then.
    func answer(within patience: Int) throws(Failure) -> (status: Int, body: ArraySlice<UInt8>) {
        let end = ContinuousClock.now + .milliseconds(patience)
        isOpen = false
        while true {
            if let answer = try parse() { return answer }
            let rest = max(0, (end - .now) / .milliseconds(1))
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard rest > 0, poll(&waiting, 1, Int32(rest) + 1) == 1 else { throw Failure() }
            let size = 64 << 10
            let more = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = max(0, recv(descriptor, buffer.baseAddress, size, 0))
            }
            guard !more.isEmpty else { throw Failure() }
            received += more
        }
    }

    /// The response, once it is complete.
    private func parse() throws(Failure) -> (status: Int, body: ArraySlice<UInt8>)? {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw Failure() }
        var length = 0
        var isKept = true
        for line in lines.dropFirst() {
            let parts = line.lowercased().split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            if parts[0] == "content-length" { length = Int(value) ?? 0 }
            if parts[0] == "connection", value == "close" { isKept = false }
        }
        guard received.count >= end.upperBound + length else { return nil }
        let body = received[end.upperBound..<end.upperBound + length]
        received = Array(received[(end.upperBound + length)...])
        isOpen = isKept
        return (status, body)
    }
}
