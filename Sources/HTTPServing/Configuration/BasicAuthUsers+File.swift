import ConfigurationFiles

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
