import CGnuTLS
import Dispatch
import Foundation
import Synchronization

/// Compares passwords with bcrypt hashes, with bounded cost: a few hashes at a time on threads of its own, and outcomes
/// are remembered. A client without a password can take no more than places in a short queue.
final class PasswordVerification: Sendable {
    /// The number of hashes computed at a time: half the cores, at most 2, so that guessing does not stop counting.
    static let concurrency = max(1, min(2, ProcessInfo.processInfo.activeProcessorCount / 2))
    /// Maximum number of attempts that wait.
    static let queueLength = 8

    /// Maximum number of attempts of one client, running or waiting, so that others still get a place.
    static let attemptsPerClient = 4

    private struct State {
        var outcomes = RememberedOutcomes(limit: 1024)
        var running = 0
        var queue: [(attempt: PasswordAttempt, client: ClientNetwork)] = []
        /// The number of attempts that run or wait, by client.
        var places: [ClientNetwork: Int] = [:]
        /// The callers that wait for each running or queued attempt; equal attempts are made once.
        var waiting: [[UInt8]: [CheckedContinuation<Bool?, Never>]] = [:]
    }

    private let state = Mutex(State())
    private let threads = DispatchQueue(label: "PasswordVerification", attributes: .concurrent)

    /// The remembered outcome of an equal attempt; `nil` if there is none.
    func outcome(of attempt: PasswordAttempt) -> Bool? {
        state.withLock { $0.outcomes[attempt.key] }
    }

    /// Makes an attempt.
    ///
    /// - Returns: Whether it succeeded; `nil` if too many attempts wait already, in total or of this client.
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
                guard hasPlace, state.places[client, default: 0] < Self.attemptsPerClient else {
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

/// A password and the hash with which it is compared.
struct PasswordAttempt: Sendable {
    /// The key under which the outcome is remembered.
    let key: [UInt8]

    private let hash: BcryptHash
    private let isKnown: Bool
    private let password: [UInt8]

    /// - Parameters:
    ///   - credentials: The name and password that the client sent.
    ///   - users: The configured users.
    ///   - secret: Makes `key` unpredictable.
    init(_ credentials: BasicCredentials, among users: BasicAuthUsers, secret: SecretKey) {
        (hash, isKnown) = users.hash(of: credentials.user)
        password = credentials.password
        key = secret.digest(of: [credentials.user, Array(hash.text.utf8), password])
    }

    /// Whether the client is admitted. Takes the CPU time of one hash, whether the user is known or not.
    func succeeds() -> Bool {
        let matches = hash.matches(password)
        return matches && isKnown
    }
}

/// The outcomes of the latest attempts.
///
/// Successes and failures are kept separately, so that guessing does not displace the users that are admitted.
struct RememberedOutcomes: Sendable {
    /// Outcomes of one kind; a new one replaces the oldest.
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

    /// - Parameter limit: Maximum number of successes, and of failures.
    init(limit: Int) {
        successes = Recent(limit: limit)
        failures = Recent(limit: limit)
    }

    /// Whether an attempt succeeded; `nil` if that is not known.
    subscript(key: [UInt8]) -> Bool? {
        if successes.contains(key) { return true }
        return failures.contains(key) ? false : nil
    }

    mutating func note(_ isSuccess: Bool, for key: [UInt8]) {
        if isSuccess { successes.insert(key) } else { failures.insert(key) }
    }
}

/// A random key, made when the process starts. Remembered outcomes are stored under its digests, so memory holds no
/// passwords that were tried, and a client cannot construct two attempts with the same digest.
struct SecretKey: Sendable {
    private let bytes: [UInt8]

    init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The HMAC-SHA256 of several texts. Their lengths are included: "ab", "c" and "a", "bc" differ.
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
