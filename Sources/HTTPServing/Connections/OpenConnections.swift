/// The connections of a server: which of them have used up their time, and which make room for others. A value: events
/// go in, and out come the descriptors of the connections that are to be cut.
///
/// Idle timeouts alone count from a client's last byte, so that one that sends a byte now and then would keep its place
/// for ever. Here a request and an answer have a time for the whole of them. And who comes when all places are taken is
/// let in: the place is that of a client which lets the server wait.
struct OpenConnections {
    private let limits: Limits
    // A descriptor is not given to another connection while it stands in here.
    private var connections: [Int32: OpenConnection] = [:]

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Those that were not cut.
    var count: Int { connections.values.count { !$0.isCut } }

    /// A connection was accepted.
    ///
    /// - Returns: Those to be cut; the new one itself where there is no other that may be.
    mutating func open(
        _ descriptor: Int32, _ client: ClientNetwork, at now: ContinuousClock.Instant
    ) -> [Int32] {
        var cut: [Int32] = []
        let ofClient = connections.values.count { !$0.isCut && $0.client == client }
        // One that makes room among its client's makes room among all.
        let isForClient = ofClient >= limits.connectionsPerAddress
        if isForClient || count >= limits.connections {
            cut.append(slowest(of: isForClient ? client : nil) ?? descriptor)
        }
        connections[descriptor] = OpenConnection(client: client, at: now)
        return take(cut)
    }

    /// A piece of a request's body came in.
    mutating func received(_ count: Int, on descriptor: Int32) {
        connections[descriptor]?.received(count, limits: limits)
    }

    /// A connection goes on to another phase.
    ///
    /// - Returns: Those to be cut, so that answers which nobody takes have no more memory than they may.
    mutating func enter(
        _ phase: OpenConnection.Phase, on descriptor: Int32, at now: ContinuousClock.Instant
    ) -> [Int32] {
        connections[descriptor]?.enter(phase, at: now)
        guard case .answering(let size) = phase, size > 0 else { return [] }
        let answering = connections.filter { !$0.value.isCut && $0.value.answerSize > 0 && $0.key != descriptor }
        var excess = size + answering.values.reduce(0) { $0 + $1.answerSize } - limits.answerMemory
        guard excess > 0 else { return [] }
        var cut: [Int32] = []
        for (descriptor, connection) in answering.sorted(by: { $0.value.since < $1.value.since }) where excess > 0 {
            excess -= connection.answerSize
            cut.append(descriptor)
        }
        return take(cut)
    }

    /// A connection has ended; its descriptor is about to be closed.
    mutating func close(_ descriptor: Int32) {
        connections[descriptor] = nil
    }

    /// Those whose time is over, to be cut.
    mutating func overdue(at now: ContinuousClock.Instant) -> [Int32] {
        take(
            connections.filter { _, connection in
                !connection.isCut && connection.deadline(limits).map { $0 <= now } ?? false
            }.map(\.key))
    }

    /// Which connection goes first where room is needed: an unfinished one before an idle one, of the client with the
    /// most such, the one that has had the most time; `nil` where all are with their handlers.
    private func slowest(of client: ClientNetwork?) -> Int32? {
        let candidates = connections.filter { !$0.value.isCut && (client == nil || $0.value.client == client) }
        let unfinished = candidates.filter(\.value.isUnfinished)
        let pool = unfinished.isEmpty ? candidates.filter(\.value.isIdle) : unfinished
        let counts = pool.values.reduce(into: [:]) { counts, connection in counts[connection.client, default: 0] += 1 }
        let most = counts.values.max()
        return pool.filter { counts[$0.value.client] == most }.min { $0.value.since < $1.value.since }?.key
    }

    private mutating func take(_ cut: [Int32]) -> [Int32] {
        for descriptor in cut { connections[descriptor]?.isCut = true }
        return cut
    }
}
