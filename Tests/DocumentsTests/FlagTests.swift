import Foundation
import TestSupport
import Testing

@Suite("A flag in the documents")
struct FlagTests {
    /// Flags of other programs that the documents name in prose. Commands that begin with another program's name, such as
    /// `helm install --set preset=k3s`, need no entry.
    private static let flagsOfOthers: [String: Set<String>] = [
        "kube-apiserver": [
            "--anonymous-auth", "--audit-log-format", "--audit-log-maxage", "--audit-log-maxbackup",
            "--audit-log-maxsize", "--audit-log-path", "--audit-log-truncate-enabled", "--audit-policy-file",
            "--audit-webhook-batch-buffer-size", "--audit-webhook-batch-max-size", "--audit-webhook-batch-max-wait",
            "--audit-webhook-batch-throttle-burst", "--audit-webhook-batch-throttle-qps",
            "--audit-webhook-config-file", "--audit-webhook-initial-backoff", "--audit-webhook-mode",
            "--audit-webhook-truncate-enabled", "--advertise-address",
        ],
        "helm": ["--reset-then-reuse-values", "--reuse-values", "--set"],
        "kubeadm": ["--control-plane", "--patches"],
        "swift": ["--static-swift-stdlib"],
        "podman": ["--build-arg", "--group-add", "--security-opt"],
        // deploy/image/build and Benchmarks/bench.py.
        "the project's scripts": ["--mirror", "--only"],
        "Prometheus": [
            "--enable-feature", "--storage.tsdb.retention.time", "--web.enable-lifecycle", "--web.external-url",
            "--web.route-prefix",
        ],
    ]

    /// Documents about other programs, whose flags without a dot are not listed here.
    private static let documentsOnOthers = ["deploy/", "CONTRIBUTING.md", "docs/comparison.md", "docs/image.md"]

    /// Beginnings of flags that no other program in the documents has.
    private static var ownAreas: Regex<Substring> { /--(?:audit|webhook|source|filter|geoip)\.[\w.-]+/ }

    @Test("exists in the program, for the command that has it")
    func exists() async throws {
        let program = try await ProgramFlags()
        let others = Self.flagsOfOthers.values.reduce(program.all) { $0.union($1) }
        for code in try Document.all().flatMap(\.code) {
            if code.text.hasPrefix("--"), !code.isExample {
                let isOnOthers = Self.documentsOnOthers.contains(where: code.place.hasPrefix)
                for flag in Self.flags(in: code.text) where !isOnOthers || flag.contains(".") {
                    let isKnown = others.contains(flag)
                    #expect(isKnown, "\(code.place): \(flag) is no flag of the exporter, nor in flagsOfOthers")
                }
                continue
            }
            for flag in code.text.matches(of: Self.ownAreas).map({ Self.name($0.0) }) {
                let isKnown = program.all.contains(flag)
                #expect(isKnown, "\(code.place): the exporter has no \(flag)")
            }
            for (command, flags) in Self.commands(in: code.text) {
                let known = program.flags(of: command)
                for flag in flags {
                    let isKnown = known.keys.contains(flag)
                    #expect(isKnown, "\(code.place): \(command ?? "serve") has no \(flag)")
                }
            }
        }
    }

    @Test(
        "is in the page of its command, with its default",
        arguments: [
            "serve": "docs/configuration.md", "scan": "docs/scan.md", "backfill": "docs/backfill.md",
            "backup": "docs/upgrade.md",
        ])
    func isDocumented(command: String, page: String) async throws {
        let document = try Document(Fixture.repository.appending(path: page))
        let rows = Self.rows(of: document)
        let named = Set(document.code.flatMap { Self.flags(in: $0.text) })
        for (flag, value) in try await ProgramFlags().flags(of: command).sorted(by: { $0.key < $1.key }) {
            // The same in every command: the page says so, or names neither.
            if command != "serve", ["--help", "--version"].contains(flag) { continue }
            let isNamed = named.contains(flag)
            #expect(isNamed, "\(page) lacks \(flag)")
            guard let row = rows[flag] else {
                #expect(command != "serve", "\(page) has no row for \(flag)")
                continue
            }
            #expect(row.value == value ?? "", "\(row.place): the default of \(flag)")
        }
        if command == "serve" {
            let known = try await ProgramFlags().flags(of: command).keys
            for (flag, row) in rows {
                let isKnown = known.contains(flag)
                #expect(isKnown, "\(row.place): the exporter has no \(flag)")
            }
        }
    }

    /// The rows of tables that have flags in the first column and their default in the second one.
    private static func rows(of document: Document) -> [String: (place: String, value: String)] {
        var rows: [String: (place: String, value: String)] = [:]
        var isTable = false
        for (index, line) in document.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if !line.hasPrefix("|") { isTable = false }
            if line.hasPrefix("| flag | default |") { isTable = true }
            guard isTable, line.hasPrefix("| `--") else { continue }
            // `\|` does not end a cell.
            let cells = line.replacing("\\|", with: "/").split(separator: "|", omittingEmptySubsequences: false)
            let value = cells[2].filter { $0 != "`" }.trimmingCharacters(in: .whitespaces)
            for flag in flags(in: String(cells[1])) { rows[flag] = ("\(document.path):\(index + 1)", value) }
        }
        return rows
    }

    /// The exporter's commands in a command line, each with its flags.
    private static func commands(in text: String) -> [(command: String?, flags: [String])] {
        text.split(separator: /\|\||&&|[|;]|\$\(/).compactMap { part in
            var words = part.split(separator: /\s+/).map(String.init)
            if let comment = words.firstIndex(where: { $0.hasPrefix("#") }) { words.removeSubrange(comment...) }
            while let first = words.first, ["$", "#", "sudo", "exec"].contains(first) || first.contains(/^\w+=\S*$/) {
                guard !first.hasSuffix("/kube-audit-exporter") else { break }
                words.removeFirst()
            }
            guard let program = words.first, program.hasSuffix("kube-audit-exporter") else { return nil }
            let command = words.dropFirst().first.flatMap { $0.contains(/^[a-z]+$/) ? $0 : nil }
            return (command, words.dropFirst().filter { $0.hasPrefix("--") }.map { name(Substring($0)) })
        }
    }

    private static func flags(in text: String) -> [String] {
        text.matches(of: /(?:^|[^\w-])(--[A-Za-z][\w.-]*)/).map { name($0.1) }
    }

    private static func name(_ text: Substring) -> String {
        let name = String(text.prefix { $0 != "=" })
        // A full stop at the end of a sentence.
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
