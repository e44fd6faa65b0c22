import HTTPServing
import RawHTTP

/// Clients of one kind that keep a server waiting, and reconnect when they are disconnected.
struct SlowClients {
    enum Kind {
        /// Sends a byte a second.
        case dripping
        /// Requests the metrics and reads nothing.
        case unread
    }

    let kind: Kind
    let target: ListenAddress
    /// The source address of a connection, by its number.
    let source: @Sendable (Int) -> String
    private(set) var comebacks = 0
    private var connections: [RawConnection?]

    init(_ kind: Kind, count: Int, to target: ListenAddress, from source: @escaping @Sendable (Int) -> String) {
        self.kind = kind
        self.target = target
        self.source = source
        connections = Array(repeating: nil, count: count)
    }

    /// The action of each client once a second.
    mutating func turn(isFirst: Bool) {
        for number in connections.indices {
            if let connection = connections[number], goesOn(connection) { continue }
            if !isFirst { comebacks += 1 }
            connections[number] = nil
            guard let connection = try? RawConnection(to: target, from: source(number), receiveBuffer: 4096) else {
                continue
            }
            try? connection.send(beginning(number))
            connections[number] = connection
        }
    }

    private func goesOn(_ connection: RawConnection) -> Bool {
        switch kind {
        case .dripping: (try? connection.send("x")) != nil
        case .unread: !connection.isGivenUp(within: 0)
        }
    }

    /// Some are slow from the first byte on, some within a header, some within a body.
    private func beginning(_ number: Int) -> String {
        guard kind == .dripping else { return "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n" }
        return switch number % 3 {
        case 0: "G"
        case 1: "GET /metrics HTTP/1.1\r\nHost: test\r\nX-"
        default: "POST /-/reload HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n"
        }
    }
}
