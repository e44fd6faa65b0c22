import CGnuTLS

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
