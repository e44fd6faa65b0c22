import Dispatch
import Glibc

/// Removes what is incomplete when the process is told to end, and then ends it by the same signal.
final class SignalCleanup {
    private let sources: [any DispatchSourceSignal]
    private let numbers: [Int32]

    /// - Parameter cleanUp: Removes what is incomplete, on another thread.
    init(_ cleanUp: @escaping @Sendable () -> Void) {
        // A signal that is ignored, as by nohup, stays ignored.
        numbers = [SIGHUP, SIGINT, SIGTERM].filter { !Self.isIgnored($0) }
        sources = numbers.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                cleanUp()
                signal(number, SIG_DFL)
                // Dispatch blocks the signals that it handles.
                var blocked = sigset_t()
                sigemptyset(&blocked)
                sigaddset(&blocked, number)
                pthread_sigmask(SIG_UNBLOCK, &blocked, nil)
                kill(getpid(), number)
            }
            source.resume()
            return source
        }
    }

    /// Lets the signals end the process at once again.
    func cancel() {
        for source in sources { source.cancel() }
        for number in numbers { signal(number, SIG_DFL) }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
