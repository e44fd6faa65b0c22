import CCrypt
import CGnuTLS

/// The bcrypt hash of a password, in the form of crypt(5): `$2y$10$`, 22 characters of salt and 31 of hash.
struct BcryptHash: Sendable, Hashable {
    /// Each step doubles the time; above, one request would keep a core busy for half a minute and more.
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
