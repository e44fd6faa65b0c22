import Foundation
import TestSupport
import Testing

@Suite("A link in the documents")
struct DocumentLinksTests {
    @Test("leads to an existing file, and to a heading that it has")
    func targets() throws {
        let documents = try Documentation.documents()
        #expect(documents.count > 20)
        for document in documents {
            for link in try links(in: document) {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let file =
                    parts[0].isEmpty
                    ? document : document.deletingLastPathComponent().appending(path: String(parts[0])).standardized
                #expect(
                    FileManager.default.fileExists(atPath: file.path), "\(document.lastPathComponent) links to \(link)")
                if parts.count == 2, file.pathExtension == "md" {
                    let anchors = try anchors(in: file)
                    #expect(
                        anchors.contains(String(parts[1])), "\(document.lastPathComponent) links to \(link)")
                }
            }
        }
    }

    @Test("leads from the index to every page in docs")
    func pages() throws {
        let index = Fixture.repository.appending(path: "docs/README.md")
        let links = try links(in: index)
        for document in try Documentation.documents()
        where document.deletingLastPathComponent().lastPathComponent == "docs" && document != index {
            #expect(
                links.contains { $0.hasPrefix(document.lastPathComponent) }, "\(document.lastPathComponent)")
        }
    }

    private func links(in document: URL) throws -> [String] {
        try text(of: document).matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }.filter { !$0.contains("://") }
    }

    /// The anchors of the headings, as Git hosting sites make them.
    private func anchors(in document: URL) throws -> Set<String> {
        let headings = try text(of: document).split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(
            headings.map { heading in
                let title = heading.drop { $0 == "#" }.dropFirst().lowercased()
                return title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .replacing(" ", with: "-")
            })
    }

    /// The text without fenced examples.
    private func text(of document: URL) throws -> String {
        var isExample = false
        return try String(contentsOf: document, encoding: .utf8).split(separator: "\n").filter { line in
            if line.hasPrefix("```") { isExample.toggle() }
            return !isExample
        }.joined(separator: "\n")
    }
}
