import CMicroHTTPD
import Glibc
import Synchronization

/// A small server on libmicrohttpd.
///
/// ```swift
/// var routes = Routes()
/// routes.on("GET", "/") { _ in .text("hello\n") }
/// let server = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes)
/// print(server.address)
/// server.stop()
/// ```
///
/// Unchecked, for the daemon is a C pointer: it is made in `init` and ended once, under the lock; libmicrohttpd's own
/// threads use it in between.
public final class HTTPServer: @unchecked Sendable {
    /// Where it listens; the port is the real one where any was asked for.
    public let address: ListenAddress

    private let daemon: OpaquePointer
    // The daemon's threads reach it by a pointer that they do not own; they are gone when `stop` returns.
    private let context: ServerContext
    private let isStopped = Mutex(false)

    /// Starts a server; it answers from now on.
    ///
    /// - Throws: `HTTPServerError`, which names the address and says why nobody can listen there.
    public init(listenOn wanted: ListenAddress, routes: Routes, limits: Limits = Limits()) throws(HTTPServerError) {
        let socket = try ListeningSocket(wanted)
        context = ServerContext(routes: routes, limits: limits)
        address = socket.address
        let descriptor = try socket.duplicate()
        let daemon = kae_start_daemon(
            descriptor, handleAccess, Unmanaged.passUnretained(context).toOpaque(), handleCompleted, leaveEscaped,
            UInt32(limits.threads), UInt32(limits.connections), UInt32(limits.connectionsPerAddress),
            UInt32(limits.idleTimeout), limits.connectionMemory)
        guard let daemon else {
            // It may have closed the descriptor or not, so nobody else may; what is left of it accepts nothing.
            socket.shutDown()
            throw HTTPServerError(
                address: wanted, reason: "libmicrohttpd does not start (too few file descriptors, threads or memory)")
        }
        self.daemon = daemon
    }

    deinit {
        stop()
    }

    /// Stops: no connection is accepted any more, requests in hand are answered, then all connections are closed.
    ///
    /// It blocks its thread until all of that is done, and until handlers that are at work have come to an end; so no
    /// handler may call it. May be called again, without an effect.
    ///
    /// - Parameter patience: How long requests in hand may take, their clients' reading included.
    public func stop(patience: Duration = .seconds(1)) {
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            isStopped = true
            let listener = MHD_quiesce_daemon(daemon)
            if listener >= 0 { close(listener) }
            let deadline = ContinuousClock.now + patience
            while context.requestsInHand > 0, ContinuousClock.now < deadline { usleep(2000) }
            MHD_stop_daemon(daemon)
        }
    }
}
