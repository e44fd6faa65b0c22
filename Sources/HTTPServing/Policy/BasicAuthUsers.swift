import CCrypt
import CGnuTLS
import ConfigurationFiles
import FoundationEssentials

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

extension BasicAuthUsers {
    /// `nil` where there are no users, and so everybody is let in, as by the exporter-toolkit.
    ///
    /// - Parameter section: `basic_auth_users`.
    /// - Throws: `ConfigurationFileError`, which names the user and not the hash.
    init?(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        var hashes: [String: BcryptHash] = [:]
        for (user, place, text) in try section.texts() {
            guard !user.contains(":") else {
                throw place.failure("a name with a colon cannot be told from its password; give another")
            }
            do throws(BcryptHash.Refusal) {
                hashes[user] = try BcryptHash(text)
            } catch {
                throw place.failure(error.reason)
            }
        }
        self.init(hashes)
    }
}

/// A user's name and password, as they stand in an `Authorization` header.
///
/// Source: RFC 7617.
struct BasicCredentials: Sendable, Hashable {
    /// Bytes, as the password: two texts that Unicode holds for the same are two names.
    let user: [UInt8]
    let password: [UInt8]

    /// Reads the header; `nil` where it holds no such credentials.
    init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            // Several spaces may stand between the two, and blanks behind them (RFC 9110, 11.4 and 5.5).
            let encoded = parts[1].split(whereSeparator: { $0 == " " || $0 == "\t" }).only,
            let decoded = Data(base64Encoded: String(encoded)), let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        user = Array(decoded[..<colon])
        password = Array(decoded[decoded.index(after: colon)...])
    }
}

extension Collection {
    /// Its element, where it has one and no more.
    fileprivate var only: Element? { count == 1 ? first : nil }
}

/// The bcrypt hash of a password, in the form of crypt(5): `$2y$10$`, 22 characters of salt and 31 of hash.
struct BcryptHash: Sendable, Hashable {
    /// Each step doubles the time; above, one request would keep a core busy for twenty seconds and more.
    static let costs = 4...18

    private static let lengthOfHash = 31

    /// The whole of it.
    let text: String
    /// How often it is hashed, as an exponent of two.
    let cost: Int

    /// - Throws: `BcryptHash.Refusal`, which says what is wrong. It never repeats the text, which is a secret.
    init(_ text: String) throws(Refusal) {
        guard let match = text.wholeMatch(of: /\$2[aby]\$([0-9]{2})\$[.\/A-Za-z0-9]{53}/), let cost = Int(match.1)
        else {
            throw Refusal(reason: "is no bcrypt hash; give one that begins with $2a$, $2b$ or $2y$ (htpasswd -nBC 10)")
        }
        guard Self.costs.contains(cost) else {
            throw Refusal(
                reason: "has the cost \(cost); give a hash of a cost from \(Self.costs.lowerBound) to "
                    + "\(Self.costs.upperBound)")
        }
        self.text = text
        self.cost = cost
    }

    /// Why a text is not taken for a hash.
    struct Refusal: Error {
        let reason: String
    }

    /// A hash that takes as long as others of that cost, for users that there are not.
    init(dummyOfCost cost: Int) {
        precondition(Self.costs.contains(cost))
        self.cost = cost
        text = "$2b$\(cost < 10 ? "0" : "")\(cost)$" + String(repeating: ".", count: 53)
    }

    /// Whether it is the hash of this password. It keeps its thread busy: 2^cost rounds, some 50 ms at a cost of 10.
    func matches(_ password: [UInt8]) -> Bool {
        // Behind a zero byte C would not look, and "secret" would not be all that opens the door of "secret".
        guard !password.contains(0) else { return false }
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        defer { for index in phrase.indices { phrase[index] = 0 } }
        var output = [CChar](repeating: 0, count: kae_crypt_output_size())
        guard kae_crypt(phrase, text, &output) else { return false }
        let made = output.prefix { $0 != 0 }
        guard made.count == text.utf8.count else { return false }
        // Without the salt, of which two bits can be written in several ways.
        let hash = Array(made.suffix(Self.lengthOfHash))
        let wanted = text.utf8.suffix(Self.lengthOfHash).map { CChar(bitPattern: $0) }
        return gnutls_memcmp(hash, wanted, hash.count) == 0
    }
}
