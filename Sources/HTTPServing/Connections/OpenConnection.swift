/// What is known of one connection. A value: it looks at no clock.
struct OpenConnection {
    /// Whose turn it is.
    enum Phase {
        /// The client's: a request, or the handshake before the first one, is coming in.
        case receiving
        /// The server's: how long that takes is not the client's fault.
        case handling
        /// The client's: an answer of so many bytes waits to be taken.
        case answering(Int)
        /// Nobody's: the connection is kept for another request.
        case idle
    }

    let client: ClientNetwork
    private(set) var phase = Phase.receiving
    /// From when on the phase is counted. A body that comes in moves it, so that who sends at a fair pace has as much
    /// time in the end as at the beginning.
    private(set) var since: ContinuousClock.Instant
    /// Whether it was ended from our side, and waits for libmicrohttpd to find out.
    var isCut = false

    init(client: ClientNetwork, at now: ContinuousClock.Instant) {
        self.client = client
        since = now
    }

    /// Whether the server waits for the client to go on with something that it began.
    var isUnfinished: Bool {
        switch phase {
        case .receiving, .answering: true
        case .handling, .idle: false
        }
    }

    var isIdle: Bool { if case .idle = phase { true } else { false } }

    /// Bytes of an answer that waits to be taken.
    var answerSize: Int { if case .answering(let size) = phase { size } else { 0 } }

    mutating func enter(_ phase: Phase, at now: ContinuousClock.Instant) {
        // Its head is complete; the time began with the connection.
        if case (.receiving, .receiving) = (self.phase, phase) { return }
        self.phase = phase
        since = now
    }

    /// A piece of a body came in.
    mutating func received(_ count: Int, limits: Limits) {
        since += limits.time(for: count)
    }

    /// By when the client must have got on; `nil` while it is not its turn.
    func deadline(_ limits: Limits) -> ContinuousClock.Instant? {
        switch phase {
        case .receiving: since + .seconds(limits.requestTimeout)
        case .handling: nil
        case .answering(let size): since + .seconds(limits.answerTimeout) + limits.time(for: size)
        // The first byte of the next request is not seen, only that its head is complete.
        case .idle: since + .seconds(limits.idleTimeout) + .seconds(limits.requestTimeout)
        }
    }
}
