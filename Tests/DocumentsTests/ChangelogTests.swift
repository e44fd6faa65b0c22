import Foundation
import TestSupport
import Testing

@Suite("The changelog")
struct ChangelogTests {
    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: Fixture.repository.appending(path: path)), as: UTF8.self)
    }

    @Test("has a section for each version, the newest first, with the version of the program and dates in order")
    func versions() throws {
        let titles = try Self.text("CHANGELOG.md").split(separator: "\n").filter { $0.hasPrefix("## ") }
        #expect(titles.first == "## Unreleased")
        let released = titles.dropFirst().compactMap { $0.wholeMatch(of: /## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)/) }
        try #require(released.count == titles.count - 1, "\(titles)")
        let version = try Self.text("VERSION").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(released.first.map { String($0.1) } == version)
        #expect(released.map { String($0.2) } == released.map { String($0.2) }.sorted(by: >))
        #expect(Set(released.map { String($0.1) }).count == released.count)
    }
}
