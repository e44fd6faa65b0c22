import CGnuTLS

/// GnuTLS's error codes.
enum GnuTLSError {
    /// What a code means, in the form of our other messages.
    static func text(of code: Int32) -> String {
        guard let text = gnutls_strerror(code) else { return "GnuTLS error \(code)" }
        let sentence = String(cString: text)
        let phrase = sentence.hasSuffix(".") ? sentence.dropLast() : sentence[...]
        return phrase.prefix(1).lowercased() + phrase.dropFirst()
    }
}
