import Dispatch
import Foundation
import Synchronization

/// Holds passwords against bcrypt hashes, within bounds: it hashes on threads of its own, few at a time, and remembers
/// outcomes. What it costs a stranger to ask is then never more than a place in a short queue.
final class PasswordVerification: Sendable {
    /// How many hashes are made at a time. Half the cores, so that counting goes on whatever is guessed.
    static let concurrency = max(1, min(2, ProcessInfo.processInfo.activeProcessorCount / 2))
    /// How many attempts may wait for that.
    static let queueLength = 8

    private struct State {
        var outcomes = RememberedOutcomes(limit: 1024)
        var running = 0
        var queue: [PasswordAttempt] = []
        /// Who waits for the outcome of what runs or is queued; the same attempt is made once.
        var waiting: [[UInt8]: [CheckedContinuation<Bool?, Never>]] = [:]
    }

    private let state = Mutex(State())
    private let threads = DispatchQueue(label: "PasswordVerification", attributes: .concurrent)

    /// How an attempt ended that was made before; `nil` where there was none, or it is forgotten.
    func outcome(of attempt: PasswordAttempt) -> Bool? {
        state.withLock { $0.outcomes[attempt.key] }
    }

    /// Makes an attempt.
    ///
    /// - Returns: Whether it succeeded; `nil` where too many wait already.
    func verify(_ attempt: PasswordAttempt) async -> Bool? {
        await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                if let outcome = state.outcomes[attempt.key] {
                    continuation.resume(returning: outcome)
                    return false
                }
                if state.waiting[attempt.key] != nil {
                    state.waiting[attempt.key]?.append(continuation)
                    return false
                }
                guard state.running < Self.concurrency || state.queue.count < Self.queueLength else {
                    continuation.resume(returning: nil)
                    return false
                }
                state.waiting[attempt.key] = [continuation]
                state.queue.append(attempt)
                return true
            }
            if isFirst { startNext() }
        }
    }

    private func startNext() {
        let attempt: PasswordAttempt? = state.withLock { state in
            guard state.running < Self.concurrency, !state.queue.isEmpty else { return nil }
            state.running += 1
            return state.queue.removeFirst()
        }
        guard let attempt else { return }
        threads.async {
            let isSuccess = attempt.succeeds()
            let waiting = self.state.withLock { state in
                state.running -= 1
                state.outcomes.note(isSuccess, for: attempt.key)
                return state.waiting.removeValue(forKey: attempt.key) ?? []
            }
            for continuation in waiting { continuation.resume(returning: isSuccess) }
            self.startNext()
        }
    }
}
