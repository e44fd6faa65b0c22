import Yams

/// A mapping in a YAML file whose keys know their lines, so that each error names one.
///
/// ```swift
/// guard let document = try ConfigurationMapping(document: bytes, file: "web.yml") else { return defaults }
/// try document.allow(["listen", "timeout"])
/// let timeout = try document.string("timeout")
/// ```
public struct ConfigurationMapping {
    /// The place of the mapping. Its `key` is the prefix of the keys in the errors about entries.
    public var place: ConfigurationPlace
    private let entries: [(key: String, line: Int?, value: Node)]
    // A list of users can be long.
    private let indices: [String: Int]

    /// A text in a file, with the place of its key or its list element.
    public typealias PlacedText = (text: String, place: ConfigurationPlace)

    /// Parses a whole document.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - file: The path of the file, for errors.
    /// - Returns: `nil` if the document is empty.
    /// - Throws: `ConfigurationFileError` if it is not YAML in UTF-8 with a mapping at the top.
    public init?(document bytes: [UInt8], file: String) throws(ConfigurationFileError) {
        let place = ConfigurationPlace(file: file)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw place.failure("the file is not UTF-8") }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.failure(error, at: place)
        }
        guard let node, node.null == nil else { return nil }
        // A document has no key; its line says where it begins only if it is not a mapping.
        try self.init(node, at: place)
    }

    private init(_ node: Node, at place: ConfigurationPlace) throws(ConfigurationFileError) {
        guard let mapping = node.mapping else { throw place.failure("must be a mapping (key: value)") }
        self.place = place
        var entries: [(key: String, line: Int?, value: Node)] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                var place = place
                place.line = key.mark?.line
                throw place.failure("a key must be a plain word")
            }
            entries.append((name, key.mark?.line, value))
        }
        self.entries = entries
        indices = Dictionary(entries.enumerated().map { ($1.key, $0) }) { first, _ in first }
    }

    /// The number of keys.
    public var count: Int { entries.count }

    /// The keys in the order of the file.
    public var keys: [String] { entries.map(\.key) }

    /// Refuses keys that are not in a list.
    public func allow(_ known: [String]) throws(ConfigurationFileError) {
        for entry in entries where !known.contains(entry.key) {
            throw place(of: entry.key).failure(
                "is not known; there \(known.count == 1 ? "is" : "are") \(known.joined(separator: ", "))")
        }
    }

    /// The place of a key; the mapping's own place if it has no such key.
    public func place(of key: String) -> ConfigurationPlace {
        guard let index = indices[key] else { return place }
        return place.child(key, line: entries[index].line)
    }

    // MARK: Values

    // In all of them: `nil` if the mapping has no such key, and an error if the value is of another kind.

    /// A nested mapping.
    public func mapping(_ key: String) throws(ConfigurationFileError) -> ConfigurationMapping? {
        try value(of: key).map { (value) throws(ConfigurationFileError) in
            try ConfigurationMapping(value, at: place(of: key))
        }
    }

    /// A list of mappings. The key of each in errors is `NAME 1`, `NAME 2` and so on.
    ///
    /// - Parameters:
    ///   - limit: The most elements that the list may have.
    ///   - name: The name of an element in errors.
    public func mappings(
        _ key: String, limit: Int, named name: String
    ) throws(ConfigurationFileError) -> [ConfigurationMapping]? {
        guard let value = value(of: key) else { return nil }
        guard let elements = value.sequence else { throw place(of: key).failure("must be a list of mappings (- ...)") }
        guard elements.count <= limit else {
            throw place(of: key).failure("has more than \(limit) elements; merge some")
        }
        var mappings: [ConfigurationMapping] = []
        for (index, element) in elements.enumerated() {
            var place = ConfigurationPlace(file: place.file)
            place.line = element.mark?.line
            place.key = "\(name) \(index + 1)"
            place.separator = ": "
            mappings.append(try ConfigurationMapping(element, at: place))
        }
        return mappings
    }

    /// A text. An empty one is `nil`, as in the exporter-toolkit.
    public func string(_ key: String) throws(ConfigurationFileError) -> String? {
        guard let value = value(of: key) else { return nil }
        guard let scalar = value.scalar, value.null == nil else { throw place(of: key).failure("must be a text") }
        return scalar.string.isEmpty ? nil : scalar.string
    }

    /// `true` or `false`.
    public func bool(_ key: String) throws(ConfigurationFileError) -> Bool? {
        guard let value = value(of: key) else { return nil }
        guard let bool = value.bool else { throw place(of: key).failure("must be true or false") }
        return bool
    }

    /// A list of texts, which may be empty, as may each text.
    public func list(_ key: String) throws(ConfigurationFileError) -> [PlacedText]? {
        guard let value = value(of: key) else { return nil }
        guard let elements = value.sequence else {
            throw place(of: key).failure("must be a list of texts, such as [a, b]")
        }
        var texts: [PlacedText] = []
        for element in elements {
            var place = place(of: key)
            place.line = element.mark?.line
            guard let text = element.scalar?.string, element.null == nil else {
                throw place.failure("each element must be a text; put it in quotes")
            }
            texts.append((text, place))
        }
        return texts
    }

    /// The path of another file. A relative path is relative to the configuration file.
    public func file(_ key: String) throws(ConfigurationFileError) -> ConfiguredFile? {
        guard let path = try string(key) else { return nil }
        let folder = place.file.lastIndex(of: "/").map { place.file[...$0] } ?? ""
        return ConfiguredFile(path: path.hasPrefix("/") ? path : folder + path, place: place(of: key))
    }

    /// One of several words.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(ConfigurationFileError) -> Choice? where Choice.RawValue == String {
        guard let text = try string(key) else { return nil }
        return try Self.choice(text, at: place(of: key))
    }

    /// A list of such words; empty if the mapping has no such key.
    public func choices<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(ConfigurationFileError) -> [Choice] where Choice.RawValue == String {
        var choices: [Choice] = []
        for (text, place) in try list(key) ?? [] { choices.append(try Self.choice(text, at: place)) }
        return choices
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String, at place: ConfigurationPlace
    ) throws(ConfigurationFileError) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw place.failure("\"\(text)\" is not known; give one of \(choices)")
    }

    private func value(of key: String) -> Node? {
        indices[key].map { entries[$0].value }
    }

    private static func failure(_ error: any Error, at place: ConfigurationPlace) -> ConfigurationFileError {
        var place = place
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            place.line = mark.line
            return place.failure("is not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            place.line = context.mark.line
            return place.failure("duplicate key: \(duplicates.map { "\($0)" }.joined(separator: ", "))")
        default:
            return place.failure("is not valid YAML: \(error)")
        }
    }
}
