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
