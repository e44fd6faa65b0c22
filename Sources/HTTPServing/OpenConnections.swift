import Dispatch
import Glibc
import Synchronization

/// Sees to it that the clients of a server get on, and cuts the connections of those that do not.
///
/// A connection is cut by `shutdown`: libmicrohttpd, whose it is, is woken, sees its end and closes it. That is done under
/// the lock, and libmicrohttpd tells of a connection's end, which takes it out of the list, before it closes the descriptor:
/// so a descriptor that was given to somebody else is never hit.
final class ConnectionWatch: Sendable {
    private static let interval: DispatchTimeInterval = .milliseconds(250)

    private let connections: Mutex<OpenConnections>

    init(_ limits: Limits) {
        connections = Mutex(OpenConnections(limits))
    }

    /// Looks for those whose time is over, now and then, until the timer is cancelled.
    func start() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "ConnectionWatch"))
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval, leeway: Self.interval)
        timer.setEventHandler { [weak self] in self?.cut { $0.overdue(at: .now) } }
        timer.activate()
        return timer
    }

    /// A connection was accepted.
    func opened(_ descriptor: Int32, by client: ClientNetwork) {
        cut { $0.open(descriptor, client, at: .now) }
    }

    /// A connection has ended, and its descriptor is not closed yet.
    func closed(_ descriptor: Int32) {
        connections.withLock { $0.close(descriptor) }
    }

    /// A piece of a request's body came in.
    func received(_ count: Int, on descriptor: Int32) {
        connections.withLock { $0.received(count, on: descriptor) }
    }

    /// A connection goes on to another phase.
    func enter(_ phase: OpenConnection.Phase, on descriptor: Int32) {
        cut { $0.enter(phase, on: descriptor, at: .now) }
    }

    private func cut(_ choose: (inout OpenConnections) -> [Int32]) {
        connections.withLock { connections in
            for descriptor in choose(&connections) {
                // What it did not take is thrown away, also by the kernel.
                var now = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}

/// The connections of a server: which of them have used up their time, and which make room for others. A value: events
/// go in, and out come the descriptors of the connections that are to be cut.
///
/// Idle timeouts alone count from a client's last byte, so that one that sends a byte now and then would keep its place
/// for ever. Here a request and an answer have a time for the whole of them. And who comes when all places are taken is
/// let in: the place is that of a client which lets the server wait.
struct OpenConnections {
    /// Of one client, without those that were cut.
    private struct Count {
        var all = 0
        var unfinished = 0
    }

    private let limits: Limits
    /// By descriptor, which is not given to another connection while it stands in here.
    private var connections: [OpenConnection?] = []
    private var counts: [ClientNetwork: Count] = [:]
    /// How many there are, without those that were cut.
    private(set) var count = 0
    /// Bytes of answers that wait to be taken.
    private var answerMemory = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// A connection was accepted.
    ///
    /// - Returns: Those to be cut; the new one itself where there is no other that may be.
    mutating func open(
        _ descriptor: Int32, _ client: ClientNetwork, at now: ContinuousClock.Instant
    ) -> [Int32] {
        var cut: [Int32] = []
        // One that makes room among its client's makes room among all.
        let isForClient = counts[client, default: Count()].all >= limits.connectionsPerAddress
        if isForClient || count >= limits.connections {
            cut.append(slowest(of: isForClient ? client : nil) ?? descriptor)
        }
        change(descriptor) { $0 = OpenConnection(client: client, at: now) }
        return take(cut)
    }

    /// A piece of a request's body came in.
    mutating func received(_ count: Int, on descriptor: Int32) {
        change(descriptor) { [limits] in $0?.received(count, limits: limits) }
    }

    /// A connection goes on to another phase.
    ///
    /// - Returns: Those to be cut, so that answers which nobody takes have no more memory than they may.
    mutating func enter(
        _ phase: OpenConnection.Phase, on descriptor: Int32, at now: ContinuousClock.Instant
    ) -> [Int32] {
        change(descriptor) { $0?.enter(phase, at: now) }
        guard case .answering = phase, answerMemory > limits.answerMemory else { return [] }
        var excess = answerMemory - limits.answerMemory
        var cut: [Int32] = []
        let answering = present.filter { $0.connection.answerSize > 0 && $0.descriptor != descriptor }
        for (descriptor, connection) in answering.sorted(by: { $0.connection.since < $1.connection.since })
        where excess > 0 {
            excess -= connection.answerSize
            cut.append(descriptor)
        }
        return take(cut)
    }

    /// A connection has ended; its descriptor is about to be closed.
    mutating func close(_ descriptor: Int32) {
        change(descriptor) { $0 = nil }
    }

    /// Those whose time is over, to be cut.
    mutating func overdue(at now: ContinuousClock.Instant) -> [Int32] {
        take(
            present.filter { _, connection in connection.deadline(limits).map { $0 <= now } ?? false }.map(\.descriptor)
        )
    }

    /// Which connection goes first where room is needed: an unfinished one before an idle one, of the client with the
    /// most such, the one that has had the most time; `nil` where all are with their handlers.
    ///
    /// - Parameter client: Whose it must be; anybody's where it is `nil`.
    private func slowest(of client: ClientNetwork?) -> Int32? {
        let most = client.map { counts[$0, default: Count()].unfinished } ?? counts.values.map(\.unfinished).max() ?? 0
        var slowest: (descriptor: Int32, since: ContinuousClock.Instant)?
        for (index, connection) in connections.enumerated() {
            // Asked in the order of what it costs, for this is done while others wait.
            guard let connection, !connection.isCut, most > 0 ? connection.isUnfinished : connection.isIdle,
                slowest.map({ connection.since < $0.since }) ?? true,
                client.map({ connection.client == $0 })
                    ?? (most == 0 || counts[connection.client]?.unfinished == most)
            else { continue }
            slowest = (Int32(index), connection.since)
        }
        return slowest?.descriptor
    }

    /// All that were not cut.
    private var present: [(descriptor: Int32, connection: OpenConnection)] {
        connections.enumerated().compactMap { index, connection in
            connection.flatMap { $0.isCut ? nil : (Int32(index), $0) }
        }
    }

    private mutating func take(_ cut: [Int32]) -> [Int32] {
        for descriptor in cut { change(descriptor) { $0?.isCut = true } }
        return cut
    }

    /// Changes a connection, and with it what is counted of all.
    private mutating func change(_ descriptor: Int32, _ body: (inout OpenConnection?) -> Void) {
        let index = Int(descriptor)
        guard index >= 0 else { return }
        while connections.count <= index { connections.append(nil) }
        tally(connections[index], by: -1)
        body(&connections[index])
        tally(connections[index], by: 1)
    }

    private mutating func tally(_ connection: OpenConnection?, by step: Int) {
        guard let connection, !connection.isCut else { return }
        count += step
        answerMemory += step * connection.answerSize
        var ofClient = counts[connection.client, default: Count()]
        ofClient.all += step
        ofClient.unfinished += connection.isUnfinished ? step : 0
        counts[connection.client] = ofClient.all > 0 ? ofClient : nil
    }
}

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
