import Foundation
import Glibc
import Synchronization

/// A child of this process, from its start until the kernel returned its exit status.
///
/// A dedicated thread starts it and waits for it. That is not only the simplest way to wait: the kernel sends the
/// parent-death signal when the *thread* that started the child ends, so it must not be a pool thread.
final class ChildProcess: Sendable {
    private enum State {
        case running(pid_t, waiting: [CheckedContinuation<ProgramExit, Never>])
        case ended(ProgramExit)
    }

    private let state: Mutex<State>

    private init(_ pid: pid_t) {
        state = Mutex(.running(pid, waiting: []))
    }

    /// Starts a child.
    ///
    /// - Throws: `POSIXError`, for instance if the program does not exist.
    static func start(_ spawning: Spawning) async throws -> ChildProcess {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let pid = try spawning.spawn()
                    let child = ChildProcess(pid)
                    continuation.resume(returning: child)
                    child.waitAndReap(pid)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Its process ID; `nil` after it exited.
    var processID: pid_t? {
        state.withLock {
            if case .running(let pid, _) = $0 { pid } else { nil }
        }
    }

    var exit: ProgramExit? {
        state.withLock {
            if case .ended(let exit) = $0 { exit } else { nil }
        }
    }

    func untilExit() async -> ProgramExit {
        await withCheckedContinuation { continuation in
            let exit: ProgramExit? = state.withLock {
                switch $0 {
                case .running(let pid, let waiting):
                    $0 = .running(pid, waiting: waiting + [continuation])
                    return nil
                case .ended(let exit): return exit
                }
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Sends a signal; does nothing after it exited.
    func send(_ signal: Int32) {
        state.withLock {
            if case .running(let pid, _) = $0 { kill(pid, signal) }
        }
    }

    private func waitAndReap(_ pid: pid_t) {
        // Not reaped yet: until the lock is held, the ID must not be reused for another process, which `send` could
        // hit.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (exit, waiting): (ProgramExit, [CheckedContinuation<ProgramExit, Never>]) = state.withLock {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            let exit: ProgramExit = signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
            guard case .running(_, let waiting) = $0 else { return (exit, []) }
            $0 = .ended(exit)
            return (exit, waiting)
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }
}
