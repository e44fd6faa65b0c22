import Yams

/// A mapping in a web configuration file, with the places of its keys.
struct ConfigurationMapping {
    /// Where it stands, and under which key.
    let place: ConfigurationPlace
    private let entries: [(key: String, place: ConfigurationPlace, value: Node)]

    /// The whole document; `nil` where it is empty.
    init?(document bytes: [UInt8], at place: ConfigurationPlace) throws(WebConfigurationError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw place.failure("the file is not UTF-8") }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.failure(error, at: place)
        }
        guard let node, node.null == nil else { return nil }
        try self.init(node, at: place)
    }

    private init(_ node: Node, at place: ConfigurationPlace) throws(WebConfigurationError) {
        guard let mapping = node.mapping else { throw place.failure("must be a mapping (key: value)") }
        self.place = place
        var entries: [(key: String, place: ConfigurationPlace, value: Node)] = []
        for (key, value) in mapping {
            var own = ConfigurationPlace(file: place.file, line: key.mark?.line, key: place.key)
            guard let name = key.string else { throw own.failure("a key must be a plain word") }
            own.key = place.key.map { "\($0).\(name)" } ?? name
            entries.append((name, own, value))
        }
        self.entries = entries
    }

    /// Holds the keys against those that there are.
    func allow(_ known: [String]) throws(WebConfigurationError) {
        for entry in entries where !known.contains(entry.key) {
            throw entry.place.failure("is not known; there are \(known.joined(separator: ", "))")
        }
    }

    /// Where a key stands; the mapping's place where it is not there.
    func place(of key: String) -> ConfigurationPlace {
        entries.first { $0.key == key }?.place ?? place
    }

    /// All keys in their order; their values must be texts.
    func texts() throws(WebConfigurationError) -> [(key: String, place: ConfigurationPlace, text: String)] {
        var texts: [(key: String, place: ConfigurationPlace, text: String)] = []
        for entry in entries {
            texts.append((entry.key, entry.place, try string(entry.key) ?? ""))
        }
        return texts
    }

    func mapping(_ key: String) throws(WebConfigurationError) -> ConfigurationMapping? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        return try ConfigurationMapping(entry.value, at: entry.place)
    }

    /// A text; one that is empty is as good as none, as for the exporter-toolkit.
    func string(_ key: String) throws(WebConfigurationError) -> String? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        guard let scalar = entry.value.scalar, entry.value.null == nil else {
            throw entry.place.failure("must be a text")
        }
        return scalar.string.isEmpty ? nil : scalar.string
    }

    func bool(_ key: String) throws(WebConfigurationError) -> Bool? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        guard let value = entry.value.bool else { throw entry.place.failure("must be true or false") }
        return value
    }

    /// A list of texts, each with its place; `nil` where the key is not there.
    func list(_ key: String) throws(WebConfigurationError) -> [(text: String, place: ConfigurationPlace)]? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        guard let items = entry.value.sequence else { throw entry.place.failure("must be a list of texts") }
        var texts: [(text: String, place: ConfigurationPlace)] = []
        for item in items {
            var place = entry.place
            place.line = item.mark?.line
            guard let text = item.scalar?.string, item.null == nil, !text.isEmpty else {
                throw place.failure("must be a list of texts")
            }
            texts.append((text, place))
        }
        return texts
    }

    private static func failure(_ error: any Error, at place: ConfigurationPlace) -> WebConfigurationError {
        var place = place
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            place.line = mark.line
            return place.failure("is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            place.line = context.mark.line
            return place.failure("a key stands twice: \(duplicates.map { "\($0)" }.joined(separator: ", "))")
        default:
            return place.failure("is no YAML: \(error)")
        }
    }
}
