import Yams

/// Makes a filter of what stands in a filter file.
struct FilterFileReader {
    /// Each entry is a series in the metrics.
    private static let entryLimit = 1000

    let file: String

    /// - Parameter bytes: The file's content; without any there is no entry.
    func filter(in bytes: [UInt8]) throws(FilterFileError) -> RequestFilter {
        guard let document = try document(bytes) else { return RequestFilter() }
        let keys = try keys(
            of: document, known: ["filters"], in: nil, otherwise: "must be a mapping with the key filters")
        guard let filters = keys["filters"] else { return RequestFilter() }
        guard let nodes = filters.sequence else {
            throw failure(filters, "filters", "must be a list of entries (- name: ...)")
        }
        guard nodes.count <= Self.entryLimit else {
            throw failure(filters, "filters", "has more than \(Self.entryLimit) entries; merge some")
        }
        var entries: [FilterEntry] = []
        for (index, node) in nodes.enumerated() {
            let entry = try entry(node, number: index + 1)
            guard !entries.contains(where: { $0.name == entry.name }) else {
                throw failure(
                    node, "entry \(index + 1) (\(entry.name))", "another entry has this name; give each its own")
            }
            entries.append(entry)
        }
        return RequestFilter(entries: entries)
    }

    private func entry(_ node: Node, number: Int) throws(FilterFileError) -> FilterEntry {
        let keys = try keys(
            of: node, known: ["name", "networks", "user_agents", "request_uris"], in: "entry \(number)",
            otherwise: "must be a mapping (name: ..., networks: ...)")
        guard let nameNode = keys["name"] else {
            throw failure(node, "entry \(number)", "has no name; give one, it is the label filter in the metrics")
        }
        guard let name = nameNode.scalar?.string, nameNode.null == nil, !name.isEmpty else {
            throw failure(nameNode, "entry \(number): name", "must be a text that is not empty")
        }
        let place = "entry \(number) (\(name))"
        let entry = FilterEntry(
            name: name,
            networks: try values(keys["networks"], "\(place): networks") { text in
                Network(text).map { .success($0) }
                    ?? .failure(#""\#(text)" is no network; give CIDR such as 10.0.0.0/8 or 2001:db8::/32"#)
            },
            userAgents: try values(keys["user_agents"], "\(place): user_agents", glob),
            requestURIs: try values(keys["request_uris"], "\(place): request_uris", glob))
        guard keys.count > 1 else {
            throw failure(
                node, place, "would match every request; give networks, user_agents or request_uris")
        }
        return entry
    }

    private func glob(_ text: String) -> Parsed<Glob> {
        Glob(text).map { .success($0) }
            ?? .failure(#""\#(text)" ends in a single \; write \\ for the character itself"#)
    }

    private enum Parsed<Value> {
        case success(Value)
        /// What is wrong, and what to do about it.
        case failure(String)
    }

    /// The values of one condition; `nil` where it is not there.
    private func values<Value>(
        _ node: Node?, _ place: String, _ parse: (String) -> Parsed<Value>
    ) throws(FilterFileError) -> [Value]? {
        guard let node else { return nil }
        guard let nodes = node.sequence else { throw failure(node, place, "must be a list, such as [a, b]") }
        guard !nodes.isEmpty else {
            throw failure(node, place, "is empty and matches nothing; leave it out to match all")
        }
        var values: [Value] = []
        for element in nodes {
            guard let scalar = element.scalar, element.null == nil else {
                throw failure(element, place, "each value must be a text; put it in quotes")
            }
            switch parse(scalar.string) {
            case .success(let value): values.append(value)
            case .failure(let reason): throw failure(element, place, reason)
            }
        }
        return values
    }

    // MARK: YAML

    private func document(_ bytes: [UInt8]) throws(FilterFileError) -> Node? {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FilterFileError(file: file, line: nil, place: nil, reason: "the file is not UTF-8")
        }
        do {
            guard let node = try Yams.compose(yaml: text), node.null == nil else { return nil }
            return node
        } catch {
            throw failure(error)
        }
    }

    private func keys(
        of node: Node, known: [String], in place: String?, otherwise: String
    ) throws(FilterFileError) -> [String: Node] {
        guard let mapping = node.mapping else { throw failure(node, place, otherwise) }
        var keys: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                throw failure(
                    key, (place.map { "\($0): " } ?? "") + (key.scalar?.string ?? "a key"),
                    "is not known; there \(known.count > 1 ? "are" : "is") \(known.joined(separator: ", "))")
            }
            keys[name] = value
        }
        return keys
    }

    private func failure(_ node: Node, _ place: String?, _ reason: String) -> FilterFileError {
        FilterFileError(file: file, line: node.mark?.line, place: place, reason: reason)
    }

    private func failure(_ error: any Error) -> FilterFileError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            FilterFileError(file: file, line: mark.line, place: nil, reason: "is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            FilterFileError(
                file: file, line: context.mark.line, place: nil,
                reason: "a key stands twice: \(duplicates.map { "\($0)" }.joined(separator: ", "))")
        default:
            FilterFileError(file: file, line: nil, place: nil, reason: "is no YAML: \(error)")
        }
    }
}
