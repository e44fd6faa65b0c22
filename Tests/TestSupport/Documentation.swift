public import Foundation

/// Examples in the project's documents. Tests run them as they are written there, so that the documents stay true.
public enum Documentation {
    /// An example that a document does not have.
    public struct MissingExample: Error, CustomStringConvertible {
        /// The document and the example.
        public let description: String
    }

    /// All documents of the project, for users and for developers.
    public static func documents() throws -> [URL] {
        let deploy = FileManager.default.enumerator(
            at: Fixture.repository.appending(path: "deploy"), includingPropertiesForKeys: nil,
            options: .skipsHiddenFiles)
        let other = try ["", "docs", "alerts/runbooks"].flatMap { directory in
            try FileManager.default.contentsOfDirectory(
                at: Fixture.repository.appending(path: directory), includingPropertiesForKeys: nil)
        }
        return (other + (deploy.map { $0.compactMap { $0 as? URL } } ?? []))
            .filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path }
    }

    /// The fenced examples of a document, in their order.
    ///
    /// - Parameters:
    ///   - document: Path below the project's root.
    ///   - language: The word behind the opening fence.
    ///   - section: The heading above them, without `#`; the whole document unless given.
    public static func examples(in document: String, language: String, section: String? = nil) throws -> [String] {
        let url = Fixture.repository.appending(path: document)
        var examples: [String] = []
        var current: [Substring]?
        var heading: Substring = ""
        for line in try String(contentsOf: url, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("```") {
                if let lines = current, section.map({ $0 == heading }) ?? true, lines[0] == "```\(language)" {
                    examples.append(lines.dropFirst().joined(separator: "\n") + "\n")
                }
                current = current == nil ? [line] : nil
            } else if current != nil {
                current?.append(line)
            } else if line.hasPrefix("#") {
                heading = line.drop { $0 == "#" }.dropFirst()
            }
        }
        return examples
    }

    /// The first example that contains a text.
    ///
    /// - Throws: `MissingExample` if there is none.
    public static func example(
        in document: String, language: String, section: String? = nil, containing text: String? = nil
    ) throws -> String {
        let examples = try examples(in: document, language: language, section: section)
        guard let example = examples.first(where: { example in text.map { example.contains($0) } ?? true }) else {
            let place = section.map { " under '\($0)'" } ?? ""
            throw MissingExample(description: "\(document) has no \(language) example\(place)")
        }
        return example
    }
}
