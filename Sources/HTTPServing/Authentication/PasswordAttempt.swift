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
