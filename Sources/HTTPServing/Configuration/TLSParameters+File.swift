extension TLSParameters {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `WebConfigurationError`, which says what to do.
    init(_ section: ConfigurationMapping) throws(WebConfigurationError) {
        let minimum: TLSVersion = try section.choice("min_version") ?? .tls12
        let maximum: TLSVersion = try section.choice("max_version") ?? .tls13
        guard minimum <= maximum else {
            throw section.place(of: "max_version").failure(
                "\(maximum.rawValue) is older than the least, \(minimum.rawValue); exchange them, or give min_version "
                    + "too")
        }
        versions = minimum...maximum
        curves = try section.choices("curve_preferences")
        prefersOwnOrder = try section.bool("prefer_server_cipher_suites") ?? true
    }
}
