import Foundation
import Glibc
import Synchronization

/// A thread of its own for calls that may block: a read of a pipe, a `stat` on a network file system. It hands over
/// what it got through a stream, at most one element ahead of whoever takes them.
///
/// ```swift
/// let thread = InputThread<[UInt8]>("reader") { thread in
///     while let bytes = readSomething(), thread.hand(over: bytes) {}
/// }
/// for await bytes in thread.elements {
///     await use(bytes)
///     thread.takeNext()
/// }
/// thread.stop()
/// ```
///
/// Nobody waits for the thread itself: where a call never returns, the thread is left behind.
///
/// Unchecked, since `DispatchSemaphore` and the descriptors, which never change, are not declared as Sendable.
final class InputThread<Element: Sendable>: @unchecked Sendable {
    /// What was handed over. It ends where the thread ends.
    let elements: AsyncStream<Element>

    private struct State {
        var isStopped = false
        /// Since when the thread has been at work; `nil` while it waits.
        var busySince: ContinuousClock.Instant? = .now
    }

    private let continuation: AsyncStream<Element>.Continuation
    // It begins with zero, since one that is released below its first value traps.
    private let taken = DispatchSemaphore(value: 0)
    private let state = Mutex(State())
    /// The pipe that ends a wait.
    private let stopSignal: (read: Int32, write: Int32)

    /// - Parameters:
    ///   - name: The thread's name.
    ///   - body: What it does.
    init(_ name: String, _ body: @escaping @Sendable (InputThread) -> Void) {
        (elements, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { fatalError("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stopSignal = (ends[0], ends[1])
        taken.signal()
        let thread = Thread { [self] in
            body(self)
            continuation.finish()
        }
        thread.name = name
        thread.start()
    }

    deinit {
        close(stopSignal.read)
        close(stopSignal.write)
    }

    // MARK: On the thread

    /// Hands over an element, once the one before was taken.
    ///
    /// - Returns: Whether to go on; `false` once the thread is to stop.
    func hand(over element: Element) -> Bool {
        idle { taken.wait() }
        guard !isStopped else { return false }
        continuation.yield(element)
        return true
    }

    /// Waits until a descriptor can be read.
    ///
    /// - Parameters:
    ///   - descriptor: What to wait for; only the time counts where it is negative.
    ///   - timeout: How long to wait at most; for ever unless given.
    /// - Returns: Whether to go on; `false` once the thread is to stop, or where waiting is impossible.
    func wait(for descriptor: Int32, timeout: Duration? = nil) -> Bool {
        var waiting = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopSignal.read, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = timeout.map { Int32(clamping: Int64($0 / .milliseconds(1))) } ?? -1
        return idle {
            while poll(&waiting, 2, milliseconds) < 0 {
                guard errno == EINTR else { return false }
            }
            return waiting[1].revents == 0
        }
    }

    /// Notes that a part of something long was done: the thread is at work, and not stuck.
    ///
    /// - Returns: Whether to go on.
    func noteProgress() -> Bool {
        state.withLock {
            $0.busySince = .now
            return !$0.isStopped
        }
    }

    private func idle<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.busySince = nil }
        defer { state.withLock { $0.busySince = .now } }
        return body()
    }

    // MARK: From elsewhere

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Whether one call has taken longer than some time, and has not returned.
    func isStuck(for patience: Duration) -> Bool {
        state.withLock { state in state.busySince.map { $0 + patience < .now } ?? false }
    }

    /// Says that the last element was dealt with.
    func takeNext() {
        taken.signal()
    }

    /// Puts an element into the stream that does not come from the thread; it is not to be taken.
    func interject(_ element: Element) {
        continuation.yield(element)
    }

    /// Ends the thread as soon as what it waits for returns.
    func stop() {
        state.withLock { $0.isStopped = true }
        write(stopSignal.write, [1], 1)
        taken.signal()
    }
}
