import CGnuTLS
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

    /// How many places of all that a client may have, so that one that guesses leaves some to others.
    static let placesOfOne = 4

    private struct State {
        var outcomes = RememberedOutcomes(limit: 1024)
        var running = 0
        var queue: [(attempt: PasswordAttempt, client: ClientNetwork)] = []
        /// Places taken, by those who have any.
        var places: [ClientNetwork: Int] = [:]
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
    /// - Returns: Whether it succeeded; `nil` where too many wait already, of all or of this client's.
    func verify(_ attempt: PasswordAttempt, from client: ClientNetwork) async -> Bool? {
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
                let hasPlace = state.running < Self.concurrency || state.queue.count < Self.queueLength
                guard hasPlace, state.places[client, default: 0] < Self.placesOfOne else {
                    continuation.resume(returning: nil)
                    return false
                }
                state.waiting[attempt.key] = [continuation]
                state.queue.append((attempt, client))
                state.places[client, default: 0] += 1
                return true
            }
            if isFirst { startNext() }
        }
    }

    private func startNext() {
        let next: (attempt: PasswordAttempt, client: ClientNetwork)? = state.withLock { state in
            guard state.running < Self.concurrency, !state.queue.isEmpty else { return nil }
            state.running += 1
            return state.queue.removeFirst()
        }
        guard let (attempt, client) = next else { return }
        threads.async {
            let isSuccess = attempt.succeeds()
            let waiting = self.state.withLock { state in
                state.running -= 1
                let places = state.places.removeValue(forKey: client) ?? 0
                if places > 1 { state.places[client] = places - 1 }
                state.outcomes.note(isSuccess, for: attempt.key)
                return state.waiting.removeValue(forKey: attempt.key) ?? []
            }
            for continuation in waiting { continuation.resume(returning: isSuccess) }
            self.startNext()
        }
    }
}

/// A password that is to be held against a hash.
struct PasswordAttempt: Sendable {
    /// By what its outcome is remembered.
    let key: [UInt8]

    private let hash: BcryptHash
    private let isKnown: Bool
    private let password: [UInt8]

    /// - Parameters:
    ///   - credentials: What the client claims.
    ///   - users: Who there is.
    ///   - secret: What makes keys of it that nobody can foresee.
    init(_ credentials: BasicCredentials, among users: BasicAuthUsers, secret: SecretKey) {
        (hash, isKnown) = users.hash(of: credentials.user)
        password = credentials.password
        key = secret.digest(of: [credentials.user, Array(hash.text.utf8), password])
    }

    /// Whether the client is let in; it keeps its thread busy for as long as the hash costs, whoever the user is.
    func succeeds() -> Bool {
        let matches = hash.matches(password)
        return matches && isKnown
    }
}

/// How attempts ended, for as many as make sense.
///
/// Successes and failures have room of their own: who guesses without end pushes out no one who is let in.
struct RememberedOutcomes: Sendable {
    /// Outcomes of one kind; the oldest make room.
    private struct Recent: Sendable {
        let limit: Int
        private var keys: Set<[UInt8]> = []
        private var order: [[UInt8]] = []
        private var oldest = 0

        init(limit: Int) {
            self.limit = limit
        }

        func contains(_ key: [UInt8]) -> Bool { keys.contains(key) }

        mutating func insert(_ key: [UInt8]) {
            guard keys.insert(key).inserted else { return }
            if order.count < limit {
                order.append(key)
            } else {
                keys.remove(order[oldest])
                order[oldest] = key
                oldest = (oldest + 1) % limit
            }
        }
    }

    private var successes: Recent
    private var failures: Recent

    /// - Parameter limit: How many of each.
    init(limit: Int) {
        successes = Recent(limit: limit)
        failures = Recent(limit: limit)
    }

    /// How an attempt ended; `nil` where that is not known.
    subscript(key: [UInt8]) -> Bool? {
        if successes.contains(key) { return true }
        return failures.contains(key) ? false : nil
    }

    mutating func note(_ isSuccess: Bool, for key: [UInt8]) {
        if isSuccess { successes.insert(key) } else { failures.insert(key) }
    }
}

/// A key that nobody knows, made when the process starts. What is remembered under its digests tells nobody who reads
/// the memory what passwords were tried, and nobody can choose two that are alike.
struct SecretKey: Sendable {
    private let bytes: [UInt8]

    init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The HMAC-SHA256 of several texts; where one ends and the next begins is part of it.
    func digest(of parts: [[UInt8]]) -> [UInt8] {
        var message: [UInt8] = []
        for part in parts {
            withUnsafeBytes(of: part.count.littleEndian) { message += $0 }
            message += part
        }
        var digest = [UInt8](repeating: 0, count: Int(gnutls_hmac_get_len(GNUTLS_MAC_SHA256)))
        let status = gnutls_hmac_fast(GNUTLS_MAC_SHA256, bytes, bytes.count, message, message.count, &digest)
        guard status == GNUTLS_E_SUCCESS else { fatalError("GnuTLS has no HMAC-SHA256") }
        return digest
    }
}
