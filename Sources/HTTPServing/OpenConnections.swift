import Dispatch
import Glibc
import Synchronization

/// Enforces the time limits of a server's clients: it cuts the connections of clients that are too slow.
///
/// A connection is cut with `shutdown`, which wakes its owner libmicrohttpd; libmicrohttpd then closes it. The call is
/// made under the lock. libmicrohttpd reports the end of a connection before it closes the descriptor, and the report
/// removes the connection from the list. So a descriptor that has been reused for something else is never shut down.
///
/// Its timer is set to the next deadline, so that a server without clients wakes nobody up.
final class ConnectionWatch: Sendable {
    /// The time between two looks at all connections, at least: each may have its own deadline.
    private static let grain: Duration = .milliseconds(250)

    /// Unchecked, because a dispatch source, which any thread may set, is not declared as Sendable.
    private struct Timer: @unchecked Sendable {
        let source: any DispatchSourceTimer
    }

    private struct State {
        var connections: OpenConnections
        var timer: Timer?
        /// When the timer fires; `nil` while no connection has a deadline.
        var alarm: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    init(_ limits: Limits) {
        state = Mutex(State(connections: OpenConnections(limits)))
    }

    /// Cuts overdue connections until the timer is cancelled.
    func start() -> any DispatchSourceTimer {
        let source = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "ConnectionWatch"))
        source.schedule(deadline: .distantFuture)
        source.setEventHandler { [weak self] in self?.cutOverdue() }
        source.activate()
        let timer = Timer(source: source)
        state.withLock { state in
            state.timer = timer
            Self.set(&state, to: state.connections.nextDeadline)
        }
        return source
    }

    /// A connection was accepted.
    func opened(_ descriptor: Int32, by client: ClientNetwork) {
        change(descriptor) { $0.open(descriptor, client, at: .now) }
    }

    /// A connection has ended; its descriptor is still open.
    func closed(_ descriptor: Int32) {
        state.withLock { $0.connections.close(descriptor) }
    }

    /// A piece of a request's body was received, which moves its deadline forward.
    func received(_ count: Int, on descriptor: Int32) {
        state.withLock { $0.connections.received(count, on: descriptor) }
    }

    /// A piece of a stream is about to be sent, which moves its deadline forward.
    func sent(_ count: Int, on descriptor: Int32) {
        state.withLock { $0.connections.sent(count, on: descriptor) }
    }

    /// A connection enters another phase.
    func enter(_ phase: OpenConnection.Phase, on descriptor: Int32) {
        change(descriptor) { $0.enter(phase, on: descriptor, at: .now) }
    }

    private func change(_ descriptor: Int32, _ choose: (inout OpenConnections) -> [Int32]) {
        state.withLock { state in
            Self.cut(choose(&state.connections))
            // The deadline of a connection is rarely earlier than those of the older ones.
            guard let deadline = state.connections.deadline(of: descriptor) else { return }
            if state.alarm.map({ deadline < $0 }) ?? true { Self.set(&state, to: deadline) }
        }
    }

    private func cutOverdue() {
        state.withLock { state in
            let now = ContinuousClock.now
            Self.cut(state.connections.overdue(at: now))
            Self.set(&state, to: state.connections.nextDeadline.map { max($0, now + Self.grain) })
        }
    }

    /// Sets the timer; a deadline that is removed later costs one look for nothing.
    private static func set(_ state: inout State, to alarm: ContinuousClock.Instant?) {
        state.alarm = alarm
        guard let alarm else { return }
        // The timer's clock has other ticks.
        let delay = max(.zero, ContinuousClock.now.duration(to: alarm)) + .milliseconds(1)
        state.timer?.source.schedule(deadline: .now() + delay / .seconds(1), leeway: .milliseconds(50))
    }

    private static func cut(_ descriptors: [Int32]) {
        for descriptor in descriptors {
            // Discards unsent data, including what the kernel has buffered.
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }
}

/// The open connections of a server. Decides which are cut because their time is over or because another connection
/// needs the place. A value: events go in, descriptors of connections to cut come out.
///
/// An idle timeout restarts with every byte, so a client could keep its place forever by sending a byte now and then.
/// Here each request and each response has a deadline as a whole. A new client is accepted even when all places are
/// taken: it gets the place of a client that the server is waiting for.
struct OpenConnections {
    /// The connections of one client, except those that were cut.
    private struct Count {
        var all = 0
        var unfinished = 0
    }

    private let limits: Limits
    /// By descriptor. The kernel does not reuse a descriptor while it is listed here.
    private var connections: [OpenConnection?] = []
    private var counts: [ClientNetwork: Count] = [:]
    /// The number of connections, except those that were cut.
    private(set) var count = 0
    /// Bytes of responses that clients have not read yet.
    private var responseMemory = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// A connection was accepted.
    ///
    /// - Returns: The connections to cut; the new one if no other may be cut.
    mutating func open(
        _ descriptor: Int32, _ client: ClientNetwork, at now: ContinuousClock.Instant
    ) -> [Int32] {
        var cut: [Int32] = []
        // Cutting a connection of the same client also frees a place in the total.
        let isForClient = counts[client, default: Count()].all >= limits.connectionsPerAddress
        if isForClient || count >= limits.connections {
            cut.append(slowest(of: isForClient ? client : nil) ?? descriptor)
        }
        change(descriptor) { $0 = OpenConnection(client: client, at: now) }
        return take(cut)
    }

    /// A piece of a request's body was received.
    mutating func received(_ count: Int, on descriptor: Int32) {
        change(descriptor) { [limits] in $0?.received(count, limits: limits) }
    }

    /// A piece of a stream is about to be sent.
    mutating func sent(_ count: Int, on descriptor: Int32) {
        change(descriptor) { [limits] in $0?.sent(count, limits: limits) }
    }

    /// A connection enters another phase.
    ///
    /// - Returns: The connections to cut so that unread responses stay within their memory limit.
    mutating func enter(
        _ phase: OpenConnection.Phase, on descriptor: Int32, at now: ContinuousClock.Instant
    ) -> [Int32] {
        change(descriptor) { $0?.enter(phase, at: now) }
        guard case .responding = phase, responseMemory > limits.responseMemory else { return [] }
        var excess = responseMemory - limits.responseMemory
        var cut: [Int32] = []
        let responding = present.filter { $0.connection.responseSize > 0 && $0.descriptor != descriptor }
        for (descriptor, connection) in responding.sorted(by: { $0.connection.since < $1.connection.since })
        where excess > 0 {
            excess -= connection.responseSize
            cut.append(descriptor)
        }
        return take(cut)
    }

    /// A connection has ended; its descriptor is about to be closed.
    mutating func close(_ descriptor: Int32) {
        change(descriptor) { $0 = nil }
    }

    /// The connections whose deadline has passed, which are to be cut.
    mutating func overdue(at now: ContinuousClock.Instant) -> [Int32] {
        take(
            present.filter { _, connection in connection.deadline(limits).map { $0 <= now } ?? false }.map(\.descriptor)
        )
    }

    /// When the next connection is overdue; `nil` while none has a deadline.
    var nextDeadline: ContinuousClock.Instant? { present.compactMap { $0.connection.deadline(limits) }.min() }

    /// When a connection is overdue; `nil` while it has no deadline, or was cut.
    func deadline(of descriptor: Int32) -> ContinuousClock.Instant? {
        guard connections.indices.contains(Int(descriptor)) else { return nil }
        return connections[Int(descriptor)].flatMap { $0.isCut ? nil : $0.deadline(limits) }
    }

    /// The connection to cut when a place is needed: the oldest unfinished connection of the client that has the most
    /// of them, or else the oldest idle one; `nil` if all connections are in their handlers.
    ///
    /// - Parameter client: The client to choose from; any if it is `nil`.
    private func slowest(of client: ClientNetwork?) -> Int32? {
        let most = client.map { counts[$0, default: Count()].unfinished } ?? counts.values.map(\.unfinished).max() ?? 0
        var slowest: (descriptor: Int32, since: ContinuousClock.Instant)?
        for (index, connection) in connections.enumerated() {
            // The cheapest checks come first, because other threads wait for the lock.
            guard let connection, !connection.isCut, most > 0 ? connection.isUnfinished : connection.isIdle,
                slowest.map({ connection.since < $0.since }) ?? true,
                client.map({ connection.client == $0 })
                    ?? (most == 0 || counts[connection.client]?.unfinished == most)
            else { continue }
            slowest = (Int32(index), connection.since)
        }
        return slowest?.descriptor
    }

    /// All connections except those that were cut.
    private var present: [(descriptor: Int32, connection: OpenConnection)] {
        connections.enumerated().compactMap { index, connection in
            connection.flatMap { $0.isCut ? nil : (Int32(index), $0) }
        }
    }

    private mutating func take(_ cut: [Int32]) -> [Int32] {
        for descriptor in cut { change(descriptor) { $0?.isCut = true } }
        return cut
    }

    /// Changes a connection and updates the totals.
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
        responseMemory += step * connection.responseSize
        var ofClient = counts[connection.client, default: Count()]
        ofClient.all += step
        ofClient.unfinished += connection.isUnfinished ? step : 0
        counts[connection.client] = ofClient.all > 0 ? ofClient : nil
    }
}

/// The state of one connection. A value: the time is passed in.
struct OpenConnection {
    /// Which side the connection waits for.
    enum Phase {
        /// The client: a request, or the handshake before the first one, is being received.
        case receiving
        /// The server: the client is not responsible for the time it takes.
        case handling
        /// The client: it has not read all of a response, whose size in bytes this is; of a stream it is the memory
        /// that it keeps.
        case responding(Int)
        /// Neither: the connection is kept for another request.
        case idle
    }

    let client: ClientNetwork
    private(set) var phase = Phase.receiving
    /// The time from which the deadline of the phase counts. Each received piece of a body and each sent piece of a
    /// stream moves it forward, so a client that is fast enough never runs out of time.
    private(set) var since: ContinuousClock.Instant
    /// Whether the connection was shut down by us and libmicrohttpd has not noticed yet.
    var isCut = false

    init(client: ClientNetwork, at now: ContinuousClock.Instant) {
        self.client = client
        since = now
    }

    /// Whether the server waits for the client to finish something that it began.
    var isUnfinished: Bool {
        switch phase {
        case .receiving, .responding: true
        case .handling, .idle: false
        }
    }

    var isIdle: Bool { if case .idle = phase { true } else { false } }

    /// Bytes of the response that the client has not read yet.
    var responseSize: Int { if case .responding(let size) = phase { size } else { 0 } }

    mutating func enter(_ phase: Phase, at now: ContinuousClock.Instant) {
        // The head of the first request is complete; its time began with the connection.
        if case (.receiving, .receiving) = (self.phase, phase) { return }
        self.phase = phase
        since = now
    }

    /// A piece of a body was received.
    mutating func received(_ count: Int, limits: Limits) {
        since += limits.time(for: count)
    }

    /// A piece of a stream is about to be sent: the client has read those before it.
    mutating func sent(_ count: Int, limits: Limits) {
        since += limits.time(for: count)
    }

    /// The time by which the client must have finished the phase; `nil` while the server is at work.
    func deadline(_ limits: Limits) -> ContinuousClock.Instant? {
        switch phase {
        case .receiving: since + .seconds(limits.requestTimeout)
        case .handling: nil
        case .responding(let size): since + .seconds(limits.responseTimeout) + limits.time(for: size)
        // libmicrohttpd reports the next request when its head is complete, not when its first byte arrives.
        case .idle: since + .seconds(limits.idleTimeout) + .seconds(limits.requestTimeout)
        }
    }
}
