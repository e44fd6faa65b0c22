import Foundation
import Glibc

// `stop` writes to a descriptor; all else is the thread's own. The buffer is handed over by a semaphore.

/// Reads a descriptor that may block, on a thread of its own, and never further ahead than it is listened to.
final class DescriptorReader: @unchecked Sendable {
    /// What was read, a piece at a time; it ends where the descriptor ends.
    let pieces: AsyncStream<[UInt8]>

    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let taken = DispatchSemaphore(value: 1)
    /// What the thread waits for beside the input, and what ends that wait.
    private let stopSignal: (read: Int32, write: Int32)

    init(_ descriptor: Int32) {
        (pieces, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { fatalError("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stopSignal = (ends[0], ends[1])
        let thread = Thread { [self] in read(descriptor) }
        thread.name = "reader"
        thread.start()
    }

    deinit {
        close(stopSignal.read)
        close(stopSignal.write)
    }

    /// Lets the next piece come.
    func next() {
        taken.signal()
    }

    /// Ends the thread, also while it waits.
    func stop() {
        write(stopSignal.write, [1], 1)
        taken.signal()
    }

    private func read(_ descriptor: Int32) {
        defer { continuation.finish() }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            taken.wait()
            var waiting = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopSignal.read, events: Int16(POLLIN), revents: 0),
            ]
            while poll(&waiting, 2, -1) < 0 {
                guard errno == EINTR else { return }
            }
            if waiting[1].revents != 0 { return }
            let got = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR || errno == EAGAIN {
                taken.signal()
                continue
            }
            guard got > 0 else { return }
            continuation.yield(Array(buffer[..<got]))
        }
    }
}
