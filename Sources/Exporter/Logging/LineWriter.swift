import Dispatch
import Glibc
import Synchronization

/// Writes lines to a file descriptor without making the caller wait.
///
/// Standard error may be a pipe whose reader has stopped, a suspended terminal or a full disk's journal. A blocked
/// write must not stop counting or scraping, so lines are written on a queue of their own. While the descriptor takes
/// nothing, up to `limit` bytes wait, and further lines are dropped and counted.
final class LineWriter: Sendable {
    /// The process's standard error.
    static let standardError = LineWriter(descriptor: STDERR_FILENO)

    private struct State {
        var waitingBytes = 0
        var droppedLines: UInt64 = 0
        // Dropped lines that no written line has reported yet.
        var unreportedDrops: UInt64 = 0
    }

    private let descriptor: Int32
    private let limit: Int
    private let queue: DispatchQueue
    private let state = Mutex(State())

    /// - Parameters:
    ///   - descriptor: An open file descriptor; it is not closed.
    ///   - limit: Maximum bytes of waiting lines.
    init(descriptor: Int32, limit: Int = 256 << 10) {
        self.descriptor = descriptor
        self.limit = limit
        queue = DispatchQueue(label: "LineWriter")
    }

    /// The number of lines dropped since the start.
    var droppedLines: UInt64 { state.withLock { $0.droppedLines } }

    /// Writes a line soon, or drops it.
    ///
    /// - Parameter line: Returns the line with its line feed, given the number of lines dropped since the last written
    ///   one.
    func write(_ line: (_ dropped: UInt64) -> String) {
        let bytes: [UInt8]? = state.withLock { state in
            let bytes = Array(line(state.unreportedDrops).utf8)
            // One line always has room, however long it is.
            guard state.waitingBytes == 0 || state.waitingBytes + bytes.count <= limit else {
                state.droppedLines &+= 1
                state.unreportedDrops &+= 1
                return nil
            }
            state.unreportedDrops = 0
            state.waitingBytes += bytes.count
            return bytes
        }
        guard let bytes else { return }
        queue.async { [self] in
            writeNow(bytes)
            state.withLock { $0.waitingBytes -= bytes.count }
        }
    }

    /// Waits until all lines so far are written.
    ///
    /// - Parameter patience: Maximum time to wait.
    /// - Returns: Whether they were written in time.
    @discardableResult
    func flush(within patience: DispatchTimeInterval) -> Bool {
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        return written.wait(timeout: .now() + patience) == .success
    }

    private func writeNow(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if count == 0 || errno != EINTR {
                // The log itself is broken, so the error cannot be logged.
                return
            }
        }
    }
}
