import CGnuTLS
import Glibc

/// The subject alternative names of a certificate.
enum CertificateNames {
    // Longer than a name or a URI is.
    private static let longest = 8192

    /// Host names, e-mail addresses, URIs and IP addresses, these in their canonical text; none where it is no
    /// certificate.
    static func names(inDER certificate: UnsafePointer<gnutls_datum_t>) -> Set<String> {
        var parsed: gnutls_x509_crt_t?
        guard gnutls_x509_crt_init(&parsed) == GNUTLS_E_SUCCESS else { return [] }
        defer { gnutls_x509_crt_deinit(parsed) }
        guard gnutls_x509_crt_import(parsed, certificate, GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS else { return [] }
        var names: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: longest)
        for index in UInt32(0)... {
            var size = buffer.count
            let type = gnutls_x509_crt_get_subject_alt_name(parsed, index, &buffer, &size, nil)
            // What is too long is passed over, the end of the list is not.
            if type == GNUTLS_E_SHORT_MEMORY_BUFFER { continue }
            guard type >= 0 else { break }
            if let name = name(Array(buffer.prefix(size)), type: UInt32(type)) { names.insert(name) }
        }
        return names
    }

    private static func name(_ bytes: [UInt8], type: UInt32) -> String? {
        switch type {
        case GNUTLS_SAN_DNSNAME.rawValue, GNUTLS_SAN_RFC822NAME.rawValue, GNUTLS_SAN_URI.rawValue:
            String(validating: bytes, as: UTF8.self)
        case GNUTLS_SAN_IPADDRESS.rawValue: address(bytes)
        default: nil
        }
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(INET6_ADDRSTRLEN)) != nil
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
