import Foundation
import TestSupport

/// A document of the project, with the code in it.
struct Document {
    /// Path below the project's root.
    let path: String
    let url: URL
    let text: String

    init(_ url: URL) throws {
        self.url = url
        path = String(url.path.dropFirst(Fixture.repository.path.count).drop { $0 == "/" })
        text = try String(contentsOf: url, encoding: .utf8)
    }

    /// All of them, except the changelog, which names what earlier versions had.
    static func all() throws -> [Document] {
        try Documentation.documents().map(Document.init).filter { $0.path != "CHANGELOG.md" }
    }

    /// A code span, or a line of a fenced example.
    struct Code {
        /// File and line, as a test reports it.
        let place: String
        /// A code span may have line breaks. A line of an example includes the lines that continue it behind `\`.
        let text: String
        let isExample: Bool
    }

    /// Code spans and lines of examples, in their order.
    var code: [Code] {
        var code: [Code] = []
        // A span can be continued on the next line, but not in the next paragraph.
        var paragraph = (start: 0, lines: [Substring]())
        var command: (start: Int, text: String)?
        var isExample = false
        func endParagraph() {
            let text = paragraph.lines.joined(separator: "\n")
            for match in text.matches(of: /`([^`]+)`/) {
                let line = paragraph.start + text[..<match.range.lowerBound].count { $0 == "\n" }
                code.append(Code(place: "\(path):\(line)", text: String(match.1), isExample: false))
            }
            paragraph.lines = []
        }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.trimmingPrefix(/\s*/).hasPrefix("```") {
                endParagraph()
                isExample.toggle()
            } else if isExample {
                let start = command?.start ?? index + 1
                let text = (command.map { $0.text + " " } ?? "") + line.trimmingPrefix(/\s*/)
                if line.hasSuffix("\\") {
                    command = (start, String(text.dropLast()))
                } else {
                    code.append(Code(place: "\(path):\(start)", text: text, isExample: true))
                    command = nil
                }
            } else if line.isEmpty || line.hasPrefix("|") {
                endParagraph()
                paragraph = (index + 1, line.isEmpty ? [] : [line])
            } else {
                if paragraph.lines.isEmpty { paragraph.start = index + 1 }
                paragraph.lines.append(line)
            }
        }
        endParagraph()
        return code
    }

    /// The places of a pattern in the whole text.
    func matches(of pattern: Regex<Substring>) -> [(place: String, text: String)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
            line.matches(of: pattern).map { ("\(path):\(index + 1)", String($0.0)) }
        }
    }
}
