import CCrypt
import CGnuTLS
import ConfigurationFiles
import FoundationEssentials

/// The users that are admitted with name and password: `basic_auth_users` of a web configuration file, at least one.
struct BasicAuthUsers: Sendable, Hashable {
    private let hashes: [[UInt8]: BcryptHash]
    // Has the highest cost of all hashes, so that response times do not reveal which names exist.
    private let dummy: BcryptHash

    /// `nil` if there are none.
    init?(_ hashes: [String: BcryptHash]) {
        guard let cost = hashes.values.map(\.cost).max() else { return nil }
        self.hashes = Dictionary(uniqueKeysWithValues: hashes.map { (Array($0.key.utf8), $0.value) })
        dummy = BcryptHash(dummyOfCost: cost)
    }

    /// The hash of a user's password; for an unknown user a dummy that takes as long to check.
    func hash(of user: [UInt8]) -> (hash: BcryptHash, isKnown: Bool) {
        hashes[user].map { ($0, true) } ?? (dummy, false)
    }
}

extension BasicAuthUsers {
    /// `nil` if there are no users; then all clients are admitted, as in the exporter-toolkit.
    ///
    /// - Parameter section: `basic_auth_users`.
    /// - Throws: `ConfigurationFileError`, which names the user but never the hash.
    init?(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        var hashes: [String: BcryptHash] = [:]
        for (user, place, text) in try section.texts() {
            guard !user.contains(":") else {
                throw place.failure("user names must not contain a colon; choose another name")
            }
            do throws(BcryptHash.ParseError) {
                hashes[user] = try BcryptHash(text)
            } catch {
                throw place.failure(error.reason)
            }
        }
        self.init(hashes)
    }
}

/// A user's name and password, as sent in an `Authorization` header.
///
/// Source: RFC 7617.
struct BasicCredentials: Sendable, Hashable {
    /// Bytes, like the password: texts that are equal in Unicode only by normalization are different names.
    let user: [UInt8]
    let password: [UInt8]

    /// Parses the header; `nil` if it contains no Basic credentials.
    init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            // Scheme and credentials may be separated by several spaces and followed by blanks (RFC 9110, 11.4, 5.5).
            let encoded = parts[1].split(whereSeparator: { $0 == " " || $0 == "\t" }).only,
            let decoded = Data(base64Encoded: String(encoded)), let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        user = Array(decoded[..<colon])
        password = Array(decoded[decoded.index(after: colon)...])
    }
}

extension Collection {
    /// The only element; `nil` if there are none or several.
    fileprivate var only: Element? { count == 1 ? first : nil }
}

/// A bcrypt hash of a password as in crypt(5): `$2y$10$`, 22 characters of salt and 31 of hash.
struct BcryptHash: Sendable, Hashable {
    /// The accepted costs. Each step doubles the time; above 18, one request would take a core for over 20 seconds.
    static let costs = 4...18

    private static let lengthOfHash = 31

    /// The complete text.
    let text: String
    /// The binary logarithm of the number of rounds.
    let cost: Int

    /// - Throws: `BcryptHash.ParseError`, which never contains the text, since that is a secret.
    init(_ text: String) throws(ParseError) {
        guard let match = text.wholeMatch(of: /\$2[aby]\$([0-9]{2})\$[.\/A-Za-z0-9]{53}/), let cost = Int(match.1)
        else {
            throw ParseError(
                reason: "is not a bcrypt hash; give one that begins with $2a$, $2b$ or $2y$ (htpasswd -nBC 10)")
        }
        guard Self.costs.contains(cost) else {
            throw ParseError(
                reason: "has cost \(cost); give a hash with a cost from \(Self.costs.lowerBound) to "
                    + "\(Self.costs.upperBound)")
        }
        self.text = text
        self.cost = cost
    }

    /// The reason why a text cannot be used as a hash.
    struct ParseError: Error {
        let reason: String
    }

    /// A hash for unknown users that takes as long to check as others of that cost.
    init(dummyOfCost cost: Int) {
        precondition(Self.costs.contains(cost))
        self.cost = cost
        text = "$2b$\(cost < 10 ? "0" : "")\(cost)$" + String(repeating: ".", count: 53)
    }

    /// Whether this is the hash of `password`. The call takes 2^cost rounds of CPU time, about 50 ms at cost 10.
    func matches(_ password: [UInt8]) -> Bool {
        // The C function stops at a zero byte, so "secret", zero and any other text would match the hash of "secret".
        guard !password.contains(0) else { return false }
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        defer { for index in phrase.indices { phrase[index] = 0 } }
        var output = [CChar](repeating: 0, count: kae_crypt_output_size())
        guard kae_crypt(phrase, text, &output) else { return false }
        let made = output.prefix { $0 != 0 }
        guard made.count == text.utf8.count else { return false }
        // The salt is not compared, since two of its bits can be written in several ways.
        let hash = Array(made.suffix(Self.lengthOfHash))
        let wanted = text.utf8.suffix(Self.lengthOfHash).map { CChar(bitPattern: $0) }
        return gnutls_memcmp(hash, wanted, hash.count) == 0
    }
}
