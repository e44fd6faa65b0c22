import ConfigurationFiles

extension TLSParameters {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `ConfigurationFileError`, which says what to do.
    init(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        let minimum: TLSVersion = try section.choice("min_version") ?? .tls12
        let maximum: TLSVersion = try section.choice("max_version") ?? .tls13
        guard minimum <= maximum else {
            throw section.place(of: "max_version").failure(
                "\(maximum.rawValue) is older than the least, \(minimum.rawValue); exchange them, or give min_version "
                    + "too")
        }
        versions = minimum...maximum
        curves = try section.choices("curve_preferences")
        let suites: [TLSCipherSuite] = try section.choices("cipher_suites")
        if !suites.isEmpty {
            do throws(TLSCipherSuites.Refusal) {
                cipherSuites = try TLSCipherSuites(suites, for: versions)
            } catch {
                throw section.place(of: "cipher_suites").failure(error.reason)
            }
        }
        prefersOwnOrder = try section.bool("prefer_server_cipher_suites") ?? true
    }
}
