import Foundation
import Glibc
import Synchronization

/// A thread for calls that may block, such as reads of a pipe or `stat` on a network file system. It passes elements to a
/// stream, at most one ahead of their consumer.
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
/// Nobody waits for the thread to end, so a call that never returns blocks only the thread.
///
/// It is `@unchecked` because `DispatchSemaphore`, which is thread-safe, is not declared as Sendable here. All other
/// properties are constants or are protected by the mutex.
final class InputThread<Element: Sendable>: @unchecked Sendable {
    /// The elements. The stream ends when the thread ends.
    let elements: AsyncStream<Element>

    /// Why a wait ended.
    enum Waking {
        /// The descriptor is readable.
        case ready
        case timedOut
        /// The thread must stop, or waiting failed.
        case stopped
    }

    private struct State {
        var isStopped = false
        /// Whether an element of others went to the stream that the thread does not know of.
        var isInterrupted = false
        /// When the current call began; `nil` while the thread waits for the consumer or for input.
        var busySince: ContinuousClock.Instant? = .now
    }

    private let continuation: AsyncStream<Element>.Continuation
    // It begins at zero, because Dispatch traps if a semaphore is released below its initial value.
    private let taken = DispatchSemaphore(value: 0)
    private let state = Mutex(State())
    /// The pipe that ends a wait.
    private let stopSignal: (read: Int32, write: Int32)

    /// - Parameters:
    ///   - name: The thread's name.
    ///   - body: Runs on the thread.
    init(_ name: String, _ body: @escaping @Sendable (InputThread) -> Void) {
        (elements, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { fatalError("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stopSignal = (ends[0], ends[1])
        taken.signal()
        let thread = Thread { [self] in
            // Foundation names a thread only after its start.
            Thread.current.name = name
            body(self)
            continuation.finish()
        }
        thread.start()
    }

    deinit {
        close(stopSignal.read)
        close(stopSignal.write)
    }

    // MARK: On the thread

    /// Passes an element to the stream, after the previous one was taken.
    ///
    /// - Returns: `false` if the thread must stop.
    func hand(over element: Element) -> Bool {
        idle { taken.wait() }
        guard !isStopped else { return false }
        continuation.yield(element)
        return true
    }

    /// Waits until a descriptor is readable.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor; a negative one is ignored.
    ///   - timeout: The maximum time; unlimited unless given.
    /// - Returns: `false` if the thread must stop, or waiting failed.
    func wait(for descriptor: Int32, timeout: Duration? = nil) -> Bool {
        waking(by: descriptor, timeout: timeout) != .stopped
    }

    /// Waits as `wait` does, and says what ended it.
    func waking(by descriptor: Int32, timeout: Duration? = nil) -> Waking {
        var waiting = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopSignal.read, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = timeout.map { Int32(clamping: Int64($0 / .milliseconds(1))) } ?? -1
        return idle {
            while poll(&waiting, 2, milliseconds) < 0 {
                guard errno == EINTR else { return .stopped }
            }
            guard waiting[1].revents == 0 else { return .stopped }
            return waiting[0].revents == 0 ? .timedOut : .ready
        }
    }

    /// Notes that a call has returned, so that a long task does not count as stuck.
    ///
    /// - Returns: `false` if the thread must stop.
    func noteProgress() -> Bool {
        state.withLock {
            $0.busySince = .now
            return !$0.isStopped
        }
    }

    /// Whether an element was interjected since the last call.
    func takeInterruption() -> Bool {
        state.withLock { state in
            defer { state.isInterrupted = false }
            return state.isInterrupted
        }
    }

    private func idle<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.busySince = nil }
        defer { state.withLock { $0.busySince = .now } }
        return body()
    }

    // MARK: From elsewhere

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Whether the current call has taken longer than `patience`.
    func isStuck(for patience: Duration) -> Bool {
        state.withLock { state in state.busySince.map { $0 + patience < .now } ?? false }
    }

    /// The time until `isStuck` can be true; all of `patience` while the thread waits.
    func timeUntilStuck(for patience: Duration) -> Duration {
        let busySince = state.withLock { $0.busySince }
        return busySince.map { max(.zero, ContinuousClock.now.duration(to: $0 + patience)) } ?? patience
    }

    /// Lets the thread pass the next element.
    func takeNext() {
        taken.signal()
    }

    /// Passes an element that is not from the thread. `takeNext` must not be called for it.
    func interject(_ element: Element) {
        state.withLock { $0.isInterrupted = true }
        continuation.yield(element)
    }

    /// Ends the thread as soon as its current call returns.
    func stop() {
        state.withLock { $0.isStopped = true }
        write(stopSignal.write, [1], 1)
        taken.signal()
    }
}
