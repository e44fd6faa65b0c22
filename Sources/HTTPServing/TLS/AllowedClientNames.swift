import CGnuTLS
import Synchronization

/// The names of which a client's certificate must bear one, for the credentials of each server.
///
/// GnuTLS's verification functions are told the session and nothing of ours; the credentials that the session uses are
/// what there is to go by.
enum AllowedClientNames {
    private static let names = Mutex<[UInt: Set<String>]>([:])

    static func set(_ allowed: Set<String>?, for credentials: gnutls_certificate_credentials_t) {
        names.withLock { $0[UInt(bitPattern: credentials)] = allowed }
    }

    /// Whether a session's client has shown a certificate with one of the names, where any are asked for.
    static func permit(_ session: gnutls_session_t?) -> Bool {
        var credentials: UnsafeMutableRawPointer?
        guard gnutls_credentials_get(session, GNUTLS_CRD_CERTIFICATE, &credentials) == GNUTLS_E_SUCCESS else {
            return false
        }
        guard let allowed = names.withLock({ $0[UInt(bitPattern: credentials)] }) else { return true }
        var count: UInt32 = 0
        // The client's own comes first.
        guard let certificates = gnutls_certificate_get_peers(session, &count), count > 0 else { return false }
        return !allowed.isDisjoint(with: CertificateNames.names(inDER: certificates))
    }
}
