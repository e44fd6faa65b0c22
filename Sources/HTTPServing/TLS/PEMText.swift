import CGnuTLS
import ConfigurationFiles
import Glibc

/// PEM text with certificates or a key, at most 1 MiB.
struct PEMText: Sendable {
    private static let limit = 1 << 20

    private let source: PEMSource
    private let bytes: [UInt8]

    /// Reads the text.
    ///
    /// - Throws: `ConfigurationFileError` if it cannot be read.
    init(_ source: PEMSource) throws(ConfigurationFileError) {
        self.source = source
        switch source {
        case .text(let bytes, _): self.bytes = bytes
        case .file(let file):
            do throws(ConfigurationFileError) {
                bytes = try ConfigurationFile.read(file.path, limit: Self.limit)
            } catch {
                throw file.failure(error.reason)
            }
        }
    }

    /// - Returns: The earliest expiry of the certificates, in seconds since 1970.
    /// - Throws: `ConfigurationFileError` if there is no certificate, or one that cannot be read.
    @discardableResult
    func checkCertificates() throws(ConfigurationFileError) -> Double {
        var list: UnsafeMutablePointer<gnutls_x509_crt_t?>?
        var count: UInt32 = 0
        let status = withDatum { gnutls_x509_crt_list_import2(&list, &count, $0, GNUTLS_X509_FMT_PEM, 0) }
        guard status >= 0, let list else {
            throw source.failure("contains no valid PEM certificates: \(GnuTLSError.text(of: status))")
        }
        var end = Double.infinity
        for index in 0..<Int(count) {
            end = min(end, Double(gnutls_x509_crt_get_expiration_time(list[index])))
            gnutls_x509_crt_deinit(list[index])
        }
        kae_gnutls_free(list)
        return end
    }

    /// - Throws: `ConfigurationFileError` if there is no key, or it is encrypted.
    func checkKey() throws(ConfigurationFileError) {
        var key: gnutls_x509_privkey_t?
        guard gnutls_x509_privkey_init(&key) == GNUTLS_E_SUCCESS else { fatalError("out of memory") }
        defer { gnutls_x509_privkey_deinit(key) }
        let status = withDatum { gnutls_x509_privkey_import2(key, $0, GNUTLS_X509_FMT_PEM, nil, 0) }
        guard status != GNUTLS_E_DECRYPTION_FAILED else {
            throw source.failure("the key is encrypted; give it without a password")
        }
        guard status >= 0 else { throw source.failure("contains no valid PEM private key") }
    }

    /// Calls `body` with the bytes as GnuTLS takes them; it copies them.
    func withDatum<Result>(_ body: (UnsafePointer<gnutls_datum_t>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            var datum = gnutls_datum_t(
                data: UnsafeMutablePointer(mutating: bytes.baseAddress), size: UInt32(bytes.count))
            return body(&datum)
        }
    }
}

/// GnuTLS's error codes.
enum GnuTLSError {
    /// The meaning of a code, without capital letter and full stop, as in other messages.
    static func text(of code: Int32) -> String {
        guard let text = gnutls_strerror(code) else { return "GnuTLS error \(code)" }
        let sentence = String(cString: text)
        let phrase = sentence.hasSuffix(".") ? sentence.dropLast() : sentence[...]
        return phrase.prefix(1).lowercased() + phrase.dropFirst()
    }
}
