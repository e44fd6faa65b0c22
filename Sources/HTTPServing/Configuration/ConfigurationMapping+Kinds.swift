import ConfigurationFiles

extension ConfigurationMapping {
    /// Certificates or a key: in the file that `KEY_file` names, or under `KEY` itself.
    func pem(_ key: String) throws(ConfigurationFileError) -> PEMSource? {
        switch (try file("\(key)_file"), try string(key)) {
        case (nil, nil): return nil
        case (let file?, nil): return .file(file)
        case (nil, let text?): return .text(Array(text.utf8), place(of: key))
        case (_?, _?): throw place(of: key).failure("stands beside \(key)_file; leave one of them out")
        }
    }

    /// All keys in the order of the file; their values must be texts.
    func texts() throws(ConfigurationFileError) -> [(key: String, place: ConfigurationPlace, text: String)] {
        var texts: [(key: String, place: ConfigurationPlace, text: String)] = []
        for key in keys { texts.append((key, place(of: key), try string(key) ?? "")) }
        return texts
    }
}
