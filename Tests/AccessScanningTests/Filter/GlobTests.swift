@testable import AccessScanning
import Testing
import TestSupport

@Suite("A glob")
struct GlobTests {
    @Test(
        "matches the whole text",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "", false), ("*", "", true), ("?", "", false),
            ("/readyz", "/readyz", true), ("/readyz", "/readyz?verbose", false), ("/readyz", "x/readyz", false),
            ("/livez*", "/livez", true), ("/livez*", "/livez/ping", true), ("*/livez", "/a/livez", true),
            ("kube-probe/1.2?", "kube-probe/1.29", true), ("kube-probe/1.2?", "kube-probe/1.2", false),
            ("kube-probe/*", "Kube-probe/1", false), ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false),
            (#"/a\*"#, "/a*", true), (#"/a\*"#, "/ab", false), (#"/a\?b"#, "/a?b", true), (#"/a\?b"#, "/axb", false),
            (#"\\"#, #"\"#, true), (#"\a"#, "a", true), ("[a]", "a", false), ("a.c", "abc", false),
            ("?", "𝄞", true), ("e?", "e\u{301}", true), ("é", "e\u{301}", false), ("a\nb", "a\nb", true),
            ("*", "a\0b\n", true),
        ])
    func examples(pattern: String, text: String, matches: Bool) throws {
        #expect(try #require(Glob(pattern)).matches(text) == matches, "\(pattern), \(text)")
    }

    @Test("is invalid if it ends in a single backslash", arguments: [#"\"#, #"a\"#, #"\\\"#])
    func unfinished(pattern: String) {
        #expect(Glob(pattern) == nil)
    }

    /// All possible matches of a pattern without escapes, by definition.
    private func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return matches(pattern.dropFirst(), text) || !text.isEmpty && matches(pattern, text.dropFirst())
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }

    @Test("has the result of an exhaustive search, in at most the product of both lengths as steps")
    func property() throws {
        var random = SeededGenerator(seed: 31)
        var outcomes: [Bool: Int] = [:]
        for _ in 0..<20_000 {
            let pattern = String(
                (0..<Int.random(in: 0...9, using: &random)).map { _ in "ab*?".randomElement(using: &random) ?? "a" })
            let text = String(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in "ab".randomElement(using: &random) ?? "a" })
            var steps = 0
            let found = try #require(Glob(pattern)).matches(text, steps: &steps)
            #expect(found == matches(pattern[...], text[...]), "\(pattern), \(text)")
            #expect(steps <= (pattern.count + 1) * (text.count + 1), "\(pattern), \(text)")
            outcomes[found, default: 0] += 1
        }
        #expect(outcomes.values.allSatisfy { $0 > 1000 }, "\(outcomes)")
    }

    @Test("stays fast on a text that almost matches in very many ways")
    func adversarial() throws {
        let pattern = String(repeating: "*a", count: 100) + "b"
        let text = String(repeating: "a", count: 8192)
        var steps = 0
        #expect(try #require(Glob(pattern)).matches(text, steps: &steps) == false)
        // An exhaustive search would take 8192 over 100 steps; with one `*` this is the worst case.
        #expect(steps < 3 * text.count)
        steps = 0
        let long = "*" + String(repeating: "a", count: 100) + "b"
        #expect(try #require(Glob(long)).matches(text, steps: &steps) == false)
        #expect(steps <= (long.count + 1) * (text.count + 1))
    }
}
