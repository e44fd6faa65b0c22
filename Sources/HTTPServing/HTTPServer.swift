import CMicroHTTPD
import Dispatch
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
/// Unchecked, because the daemon is a C pointer: `init` creates it, and it is stopped once, under the lock.
public final class HTTPServer: @unchecked Sendable {
    /// The address on which it listens, with the actual port if any free one was requested.
    public let address: ListenAddress

    // How long a client whose handler was abandoned has to read its 503.
    private static let timeToRefuse: Duration = .milliseconds(250)

    // Connections that were shut down count until libmicrohttpd notices.
    private static let placesForThoseCut = 256

    private let daemon: OpaquePointer
    private let timer: any DispatchSourceTimer
    // Removed when the server stops.
    private let file: UnixSocketFile?
    // The daemon's threads reach it by a pointer that they do not own; they have ended when `stop` returns.
    private let context: ServerContext
    private let isStopped = Mutex(false)

    /// Starts a server on a socket of its own, with the same parameters.
    ///
    /// - Throws: `HTTPServerError` with the address and the reason.
    public convenience init(
        listenOn address: ListenAddress, routes: Routes, limits: Limits = Limits(), tls: ServerTLS? = nil,
        policy: WebPolicy = WebPolicy(),
        onResponse: @escaping @Sendable (_ status: Int) -> Void = { _ in }
    ) throws(HTTPServerError) {
        try self.init(
            on: .address(address), routes: routes, limits: limits, tls: tls, policy: policy, onResponse: onResponse)
    }

    /// Starts a server, which responds from now on.
    ///
    /// - Parameters:
    ///   - listener: The socket, or the address to listen on.
    ///   - routes: The handlers.
    ///   - limits: The resources that clients may use.
    ///   - tls: The certificates; plain HTTP if it is `nil`.
    ///   - policy: The demands on every request and the header fields of every response; none by default. It does not
    ///     apply to requests that libmicrohttpd refuses itself.
    ///   - onResponse: Called with the status of each response, on the server's threads. Not called for requests that
    ///     libmicrohttpd refuses itself because they are not HTTP.
    /// - Throws: `HTTPServerError` with the address and the reason.
    public init(
        on listener: Listener, routes: Routes, limits: Limits = Limits(), tls: ServerTLS? = nil,
        policy: WebPolicy = WebPolicy(),
        onResponse: @escaping @Sendable (_ status: Int) -> Void = { _ in }
    ) throws(HTTPServerError) {
        let socket = try ListeningSocket.open(listener)
        context = ServerContext(routes: routes, limits: limits, tls: tls, policy: policy, onResponse: onResponse)
        (address, file) = (socket.address, socket.file)
        let descriptor = try socket.duplicate()
        let daemon = kae_start_daemon(
            descriptor, handleAccess, Unmanaged.passUnretained(context).toOpaque(), handleCompleted, leaveEscaped,
            handleConnection, tls != nil,
            UInt32(limits.threads), UInt32(limits.connections + Self.placesForThoseCut), UInt32(limits.idleTimeout),
            limits.connectionMemory)
        guard let daemon else {
            // libmicrohttpd may have closed the descriptor, so it must not be closed here. If it is still open, it
            // accepts no connections.
            socket.shutDown()
            socket.file?.remove()
            throw HTTPServerError(
                address: listener.address,
                reason: "libmicrohttpd cannot start (not enough file descriptors, threads or memory)")
        }
        self.daemon = daemon
        timer = context.watch.start()
    }

    deinit {
        stop()
    }

    /// Stops the server: it accepts no more connections, responds to the requests in progress, then closes all
    /// connections.
    ///
    /// The call blocks until all of this is done and no handler runs on the server's threads. So a handler must not
    /// call it, and async code calls `shutDown`. A second call has no effect.
    ///
    /// - Parameter patience: Maximum time for requests in progress, including their clients' reading. After it,
    ///   requests whose handlers still wait get a 503, and the handlers' tasks are cancelled but not awaited.
    public func stop(patience: Duration = .seconds(1)) {
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            isStopped = true
            file?.remove()
            let listener = MHD_quiesce_daemon(daemon)
            if listener >= 0 { close(listener) }
            let deadline = ContinuousClock.now + patience
            waitForRequests(until: deadline)
            if context.suspended.close() { waitForRequests(until: .now + Self.timeToRefuse) }
            MHD_stop_daemon(daemon)
            timer.cancel()
        }
    }

    /// Stops as `stop` does, without blocking a thread of the cooperative pool, which handlers need to finish.
    public func shutDown(patience: Duration = .seconds(1)) async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "HTTPServer.shutDown").async {
                self.stop(patience: patience)
                continuation.resume()
            }
        }
    }

    private func waitForRequests(until deadline: ContinuousClock.Instant) {
        while context.requestsInHand > 0, ContinuousClock.now < deadline { usleep(2000) }
    }
}

/// The reason why a server cannot start.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The address that was requested.
    public let address: ListenAddress
    /// The reason, such as `address already in use`.
    public let reason: String
    /// Whether another socket listens on the address.
    public let isInUse: Bool

    init(address: ListenAddress, reason: String) {
        self.address = address
        self.reason = reason
        isInUse = false
    }

    /// An error of a system call.
    ///
    /// - Parameter code: The value of `errno`.
    init(address: ListenAddress, systemError code: Int32) {
        self.address = address
        isInUse = code == EADDRINUSE
        reason = Self.text(of: code) + (Self.advice(for: code, address).map { "; \($0)" } ?? "")
    }

    private static func advice(for code: Int32, _ address: ListenAddress) -> String? {
        if case .unix = address { return adviceForFile(code) }
        return switch code {
        case EACCES where (1..<1024).contains(address.port):
            "a port below 1024 needs the capability NET_BIND_SERVICE; give a higher port"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: nil
        }
    }

    private static func adviceForFile(_ code: Int32) -> String? {
        switch code {
        case ENOENT, ENOTDIR: "its directory does not exist; create it (in a systemd unit with RuntimeDirectory=)"
        case EACCES, EPERM: "user ID \(geteuid()) must be able to write its directory"
        default: nil
        }
    }

    /// The address and the reason.
    public var description: String { "listen on \(address): \(reason)" }

    /// The text of a system error number.
    static func text(of code: Int32) -> String {
        // A buffer of our own, because strerror's is shared by all threads.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text).lowercased()
        }
    }
}

/// The state that the server's threads share.
final class ServerContext: Sendable {
    let routes: Routes
    let limits: Limits
    let tls: ServerTLS?
    let policy: WebPolicy
    let onResponse: @Sendable (Int) -> Void
    let suspended = SuspendedConnections()
    let bodyMemory: BodyMemory
    let watch: ConnectionWatch
    private let inHand = Atomic(0)

    init(
        routes: Routes, limits: Limits, tls: ServerTLS?, policy: WebPolicy,
        onResponse: @escaping @Sendable (Int) -> Void
    ) {
        self.routes = routes
        self.limits = limits
        self.tls = tls
        self.policy = policy
        self.onResponse = onResponse
        watch = ConnectionWatch(limits)
        // One body of the maximum size always fits.
        bodyMemory = BodyMemory(limit: max(limits.bodyMemory, limits.bodySize))
    }

    /// Requests whose head was received and whose response was not sent.
    var requestsInHand: Int { inHand.load(ordering: .acquiring) }
    func requestBegan() { inHand.add(1, ordering: .relaxed) }
    func requestEnded() { inHand.subtract(1, ordering: .releasing) }
}
