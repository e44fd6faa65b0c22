import Dispatch
import Glibc

// Dispatch sources may be used from any thread; everything else is fixed in init.

/// Says when it is time to look at the logs: at once when something happens in their directories, and now and then in
/// any case, since inotify does not see everything (a network file system, a directory that was not there).
public final class LogWakeups: @unchecked Sendable {
    /// One element for one or more reasons to look.
    public let stream: AsyncStream<Void>

    /// Whether inotify works; where it does not, only the slow look remains.
    public let hasInotify: Bool

    private let descriptor: Int32
    private let continuation: AsyncStream<Void>.Continuation
    private let timer: any DispatchSourceTimer
    private let events: (any DispatchSourceRead)?

    /// - Parameter interval: How often to look in any case.
    public init(every interval: Duration = .seconds(1)) {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let continuation = continuation
        let queue = DispatchQueue(label: "log wake-ups")
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        hasInotify = descriptor >= 0
        let milliseconds =
            Int(interval.components.seconds) * 1000 + Int(interval.components.attoseconds / 1_000_000_000_000_000)
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(
            deadline: .now(), repeating: .milliseconds(milliseconds), leeway: .milliseconds(milliseconds / 10))
        timer.setEventHandler { continuation.yield() }
        timer.activate()
        if hasInotify {
            let descriptor = descriptor
            let events = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            events.setEventHandler {
                // Which events they are does not matter: all files are looked at.
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
                defer { buffer.deallocate() }
                while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
                continuation.yield()
            }
            events.setCancelHandler { close(descriptor) }
            events.activate()
            self.events = events
        } else {
            events = nil
        }
    }

    deinit {
        timer.cancel()
        events?.cancel()
        continuation.finish()
    }

    /// Watches directories; those that are watched already, or are not there, do no harm.
    public func watch(_ directories: Set<String>) {
        guard hasInotify else { return }
        let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
        for directory in directories { inotify_add_watch(descriptor, directory, UInt32(mask)) }
    }
}
