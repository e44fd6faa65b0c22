// What kinds of values there are beside plain ones.
extension ConfigurationMapping {
    /// A path, which is relative to the configuration file.
    func file(_ key: String) throws(WebConfigurationError) -> ConfiguredFile? {
        guard let path = try string(key) else { return nil }
        let folder = place.file.lastIndex(of: "/").map { place.file[...$0] } ?? ""
        return ConfiguredFile(path: path.hasPrefix("/") ? path : folder + path, place: place(of: key))
    }

    /// Certificates or a key: in the file that `KEY_file` names, or under `KEY` itself.
    func pem(_ key: String) throws(WebConfigurationError) -> PEMSource? {
        switch (try file("\(key)_file"), try string(key)) {
        case (nil, nil): return nil
        case (let file?, nil): return .file(file)
        case (nil, let text?): return .text(Array(text.utf8), place(of: key))
        case (_?, _?): throw place(of: key).failure("stands beside \(key)_file; leave one of them out")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(WebConfigurationError) -> Choice? where Choice.RawValue == String {
        guard let text = try string(key) else { return nil }
        return try Self.choice(text, at: place(of: key))
    }

    /// Several choices in their order; none where the key is not there.
    func choices<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(WebConfigurationError) -> [Choice] where Choice.RawValue == String {
        var choices: [Choice] = []
        for (text, place) in try list(key) ?? [] { choices.append(try Self.choice(text, at: place)) }
        return choices
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String, at place: ConfigurationPlace
    ) throws(WebConfigurationError) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw place.failure("\"\(text)\" is not known; give one of \(choices)")
    }
}
