import Foundation
import TestSupport
import Testing

@Suite("A link in the documents")
struct DocumentLinksTests {
    @Test("leads to an existing file, and to a heading that it has")
    func targets() throws {
        let documents = try Documentation.documents()
        #expect(documents.count > 40)
        for url in documents {
            let document = try Document(url)
            for (place, link) in try links(in: document) {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let file =
                    parts[0].isEmpty
                    ? url : url.deletingLastPathComponent().appending(path: String(parts[0])).standardized
                #expect(FileManager.default.fileExists(atPath: file.path), "\(place) links to \(link)")
                if parts.count == 2, file.pathExtension == "md" {
                    #expect(try anchors(in: file).contains(String(parts[1])), "\(place) links to \(link)")
                }
            }
        }
    }

    @Test("leads from the index to every page in docs")
    func pages() throws {
        let index = Fixture.repository.appending(path: "docs/README.md")
        let links = try links(in: Document(index)).map(\.link)
        for document in try Documentation.documents()
        where document.deletingLastPathComponent().lastPathComponent == "docs" && document != index {
            #expect(
                links.contains { $0.hasPrefix(document.lastPathComponent) },
                "docs/README.md lacks \(document.lastPathComponent)")
        }
    }

    @Test("in a program's text, a rule or a template leads to an existing page")
    func pagesInPrograms() throws {
        // Lines with these words cite documents of other projects; ALERT stands for a name.
        let citations = ["Source:", "Sources:", "://", "kubernetes/kubeadm"]
        for folder in ["Sources", "alerts", "dashboards", "deploy"] {
            let files = FileManager.default.enumerator(
                at: Fixture.repository.appending(path: folder), includingPropertiesForKeys: nil,
                options: .skipsHiddenFiles)
            for case let url as URL in try #require(files)
            where ["swift", "yaml", "in", "tmpl", "json", "txt", "tpl", "py"].contains(url.pathExtension) {
                let file = try Document(url)
                for (place, page) in file.matches(of: /(?:docs|alerts\/runbooks)\/[\w-]+\.md/) {
                    let line = file.text.split(separator: "\n", omittingEmptySubsequences: false)[
                        (Int(place.split(separator: ":")[1]) ?? 1) - 1]
                    if citations.contains(where: line.contains) || page.hasSuffix("/ALERT.md") { continue }
                    let target = Fixture.repository.appending(path: page)
                    #expect(FileManager.default.fileExists(atPath: target.path), "\(place) names \(page)")
                }
            }
        }
    }

    /// Links within the project, outside of fenced examples.
    private func links(in document: Document) throws -> [(place: String, link: String)] {
        var isExample = false
        var links: [(place: String, link: String)] = []
        for (index, line) in document.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") { isExample.toggle() }
            guard !isExample else { continue }
            for match in line.matches(of: /\]\(([^)\s]+)\)/) where !match.1.contains("://") {
                links.append(("\(document.path):\(index + 1)", String(match.1)))
            }
        }
        return links
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
