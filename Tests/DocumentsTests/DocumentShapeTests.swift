import Foundation
import TestSupport
import Testing

@Suite("A document")
struct DocumentShapeTests {
    @Test("has one title, at most 400 lines, and text of at most 120 characters a line")
    func shape() throws {
        for document in try Documentation.documents().map(Document.init) {
            let lines = document.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 401, "\(document.path) has \(lines.count) lines")
            var isExample = false
            var titles = 0
            for (index, line) in lines.enumerated() {
                if line.trimmingPrefix(/\s*/).hasPrefix("```") { isExample.toggle() }
                // Tables, pictures and examples cannot be wrapped.
                if isExample || line.hasPrefix("|") || line.hasPrefix("![") { continue }
                if line.hasPrefix("# ") { titles += 1 }
                #expect(line.count <= 120, "\(document.path):\(index + 1) has \(line.count) characters")
            }
            #expect(!isExample, "\(document.path): an example does not end")
            #expect(titles == 1, "\(document.path)")
        }
    }

    @Test("is at most three screens long if it is the README")
    func readme() throws {
        let text = try Document(Fixture.repository.appending(path: "README.md")).text
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 130)
    }
}
