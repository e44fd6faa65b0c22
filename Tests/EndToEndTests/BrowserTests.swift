import Foundation
import LocalStack
import TestSupport
import Testing

@testable import Exporter

@Suite(
    "In a browser", .enabled(if: isInstalled(.chromium), "Chromium is missing: install it with `make deps`"),
    .timeLimit(.minutes(5)))
struct BrowserTests {
    /// The elements of all pages. `svg` and what it holds are the chart.
    private static let elements: Set = [
        "html", "head", "meta", "title", "link", "script", "body", "a", "header", "nav", "main", "footer", "h1", "h2",
        "h3", "p", "code", "span", "form", "label", "input", "select", "option", "button", "div", "table", "caption",
        "thead", "tbody", "tr", "th", "td", "time", "dl", "dt", "dd", "figure", "figcaption", "section", "ul", "li",
        "svg",
        "line", "text", "rect", "wbr",
    ]

    /// A tag of a page as the browser sees it.
    private struct Tag {
        let name: String
        let attributes: [String: String]
    }

    /// The document that the browser has made of a page, after its scripts ran.
    private static func document(_ url: String, runsScripts: Bool) async throws -> String {
        try await withTemporaryDirectory { profile in
            if !runsScripts {
                // The setting "Don't allow sites to use JavaScript".
                let preferences = profile.appending(path: "Default/Preferences")
                try FileManager.default.createDirectory(
                    at: preferences.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(#"{"profile":{"default_content_setting_values":{"javascript":2}}}"#.utf8).write(
                    to: preferences)
            }
            let run = try await Program.chromium.run(
                [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--log-level=3",
                    "--user-data-dir=\(profile.path)", "--virtual-time-budget=2000", "--dump-dom",
                    url,
                ])
            let text = run.output
            let start = try #require(
                text.range(of: "<html")?.lowerBound, "no document: \(run.exit) \(text.prefix(500))")
            let end = try #require(text.range(of: "</html>")?.upperBound, "no whole document: \(run.exit)")
            return String(text[start..<end])
        }
    }

    /// In a document that a browser writes, `<` outside of attributes begins a tag, and `"` ends the value of one.
    private static func tags(_ document: String) -> [Tag] {
        document.matches(of: #/<([a-zA-Z][^\s>\/]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*\/?>/#).map { tag in
            let attributes = tag.2.matches(of: #/\s([^\s=>]+)(?:="([^"]*)")?/#)
                .map { (String($0.1).lowercased(), String($0.2 ?? "")) }
            return Tag(name: tag.1.lowercased(), attributes: Dictionary(attributes) { one, _ in one })
        }
    }

    private static func title(_ document: String) -> String? {
        document.firstMatch(of: #/<title>(.*?)</title>/#).map { String($0.1) }
    }

    @Test("a script in a page runs, if scripts are on: the other tests would notice it", arguments: [true, false])
    func control(runsScripts: Bool) async throws {
        let page = "data:text/html,<title>calm</title><script>document.title='attacked'</script>"
        let document = try await Self.document(page, runsScripts: runsScripts)
        #expect(Self.title(document) == (runsScripts ? "attacked" : "calm"))
    }

    @Test(
        "text of clients adds no element, no link and no script, with JavaScript and without", arguments: [true, false])
    func hostile(runsScripts: Bool) async throws {
        try await withTemporaryDirectory { directory in
            try HostileRequests.log.write(to: directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory)
            try await exporter.untilRead()
            let attack = "%22%3E%3Cimg%20src=x%20onerror=%22document.title='attacked'%22%3E"
            for (path, title) in [
                ("/", "kube-audit-exporter"), ("/sources", "Sources – kube-audit-exporter"),
                ("/sources?q=\(attack)&audit_id=\(attack)", "Sources – kube-audit-exporter"),
                ("/sources/192.0.2.7", "192.0.2.7 – kube-audit-exporter"),
                ("/sources/invalid?origin=claimed", "invalid – kube-audit-exporter"),
                ("/sources/\(attack)", "Invalid address – kube-audit-exporter"),
            ] {
                let url = exporter.server.url.absoluteString + path
                try Self.expectHarmless(try await Self.document(url, runsScripts: runsScripts), title, path)
            }
            await exporter.program.stop()
        }
    }

    private static func expectHarmless(_ document: String, _ title: String, _ path: String) throws {
        #expect(Self.title(document) == title, "\(path)")
        let tags = tags(document)
        #expect(tags.count > 10, "\(path)")
        #expect(Set(tags.map(\.name)).subtracting(elements) == [], "\(path)")
        #expect(tags.count { $0.name == "h1" } == 1, "\(path)")
        #expect(
            tags.allSatisfy { tag in !tag.attributes.keys.contains { $0.hasPrefix("on") || $0 == "style" } }, "\(path)")
        let scripts = tags.filter { $0.name == "script" }.map { $0.attributes["src"] }
        #expect(scripts == [] || scripts == ["./-/pages.js"], "\(path)")
        for tag in tags {
            for name in ["href", "src", "action"] {
                guard let address = tag.attributes[name] else { continue }
                // A page of the exporter, or a place in this page; what a link repeats of the query has percent escapes.
                let isOwn = address.wholeMatch(of: #/#main|(\.{1,2}/|sources)[-\w.:/]*(\?[-\w.~%:=&;]*)?/#) != nil
                #expect(isOwn, "\(path): \(address)")
            }
        }
        let invisible = document.unicodeScalars.filter { scalar in
            // Line breaks between the tags are the exporter's own.
            scalar.isInvisible && scalar != "\n"
        }
        #expect(invisible.isEmpty, "\(path): \(invisible.map { String($0.value, radix: 16) })")
    }
}
