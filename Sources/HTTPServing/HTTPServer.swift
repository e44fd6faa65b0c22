import CMicroHTTPD
import Glibc
import Synchronization

// The daemon is made in init and ended once; libmicrohttpd's own threads use it in between.

/// A small server on libmicrohttpd.
///
/// ```swift
/// var routes = Routes()
/// routes.on("GET", "/") { _ in .text("hello\n") }
/// let server = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes)
/// print(server.address)
/// server.stop()
/// ```
public final class HTTPServer: @unchecked Sendable {
    /// Where it listens; the port is the real one where any was asked for.
    public let address: ListenAddress

    private let daemon: OpaquePointer
    // libmicrohttpd closes the socket with the daemon; it is ours only until then.
    private let context: Unmanaged<ServerContext>
    private let isStopped = Mutex(false)

    /// Starts a server; it answers from now on.
    ///
    /// - Throws: `HTTPServerError`, which names the address and says why nobody can listen there.
    public init(listenOn wanted: ListenAddress, routes: Routes, limits: Limits = Limits()) throws(HTTPServerError) {
        let socket = try ListeningSocket(wanted)
        let context = Unmanaged.passRetained(ServerContext(routes: routes, limits: limits))
        // A copy of the descriptor, since libmicrohttpd closes what it is given.
        let descriptor = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0,
            let daemon = kae_start_daemon(
                descriptor, handleAccess, context.toOpaque(), handleCompleted, UInt32(limits.threads),
                UInt32(limits.connections), UInt32(limits.connectionsPerAddress), UInt32(limits.idleTimeout),
                limits.connectionMemory)
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            context.release()
            throw HTTPServerError(address: wanted, reason: "libmicrohttpd does not start: \(reason)")
        }
        self.daemon = daemon
        self.context = context
        address = socket.address
    }

    deinit {
        stop()
        context.release()
    }

    /// Stops: no connection is accepted any more, requests in hand are answered (for as long as a second), then all
    /// connections are closed. May be called again, without an effect.
    public func stop() {
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            isStopped = true
            let listener = MHD_quiesce_daemon(daemon)
            if listener >= 0 { close(listener) }
            let patience = ContinuousClock.now + .seconds(1)
            while context.takeUnretainedValue().requestsInHand > 0, ContinuousClock.now < patience { usleep(2000) }
            MHD_stop_daemon(daemon)
        }
    }
}

/// What the server's threads need.
final class ServerContext: Sendable {
    let routes: Routes
    let limits: Limits
    private let inHand = Atomic(0)

    init(routes: Routes, limits: Limits) {
        self.routes = routes
        self.limits = limits
    }

    var requestsInHand: Int { inHand.load(ordering: .relaxed) }
    func requestBegan() { inHand.add(1, ordering: .relaxed) }
    func requestEnded() { inHand.subtract(1, ordering: .relaxed) }
}
