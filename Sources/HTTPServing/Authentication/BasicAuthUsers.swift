/// Who is let in by name and password: `basic_auth_users` of a web configuration file, at least one.
struct BasicAuthUsers: Sendable, Hashable {
    private let hashes: [[UInt8]: BcryptHash]
    // Of the highest cost there is, so that a guess at a name costs no less than one at a password.
    private let dummy: BcryptHash

    /// `nil` where there are none.
    init?(_ hashes: [String: BcryptHash]) {
        guard let cost = hashes.values.map(\.cost).max() else { return nil }
        self.hashes = Dictionary(uniqueKeysWithValues: hashes.map { (Array($0.key.utf8), $0.value) })
        dummy = BcryptHash(dummyOfCost: cost)
    }

    /// The hash for a user; that of nobody's password, which takes as long, where there is no such user.
    func hash(of user: [UInt8]) -> (hash: BcryptHash, isKnown: Bool) {
        hashes[user].map { ($0, true) } ?? (dummy, false)
    }
}
