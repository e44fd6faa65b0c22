import Exposition
import Foundation
import TestSupport
import Testing
import Yams

@testable import Exporter

@Suite("A name in the documents")
struct NameTests {
    private struct Rules: Decodable {
        struct Group: Decodable { let rules: [Rule] }
        struct Rule: Decodable {
            let alert: String?
            let record: String?
        }
        let groups: [Group]
    }

    private static func rules() throws -> [Rules.Rule] {
        try ["access-scanning.rules.yaml", "past.rules.yaml"].flatMap { name in
            let file = Fixture.repository.appending(path: "alerts/\(name)")
            return try YAMLDecoder().decode(Rules.self, from: Data(contentsOf: file)).groups.flatMap(\.rules)
        }
    }

    @Test("of a metric is in the catalogue, or is that of a recording rule")
    func metrics() throws {
        let counters = Metric.catalogue.filter { $0.kind == .counter }
        let created = counters.map { $0.name.replacing(/_total$/, with: "_created") }
        let known = Set(Metric.catalogue.map(\.name) + created).union(try Self.rules().compactMap(\.record))
        let files = try Document.all() + Self.files(in: "alerts") + Self.files(in: "dashboards")
        #expect(files.count > 40)
        for file in files {
            // What ends with `_` is the beginning of names, as in `kube_audit_*` or in a regular expression.
            for (place, name) in file.matches(of: /[\w:]*kube_audit_[\w:]*/) where !name.hasSuffix("_") {
                let isKnown = known.contains(name)
                #expect(isKnown, "\(place): there is no metric or rule \(name)")
            }
        }
    }

    @Test("of an alert is that of an alert")
    func alerts() throws {
        let known = Set(try Self.rules().compactMap(\.alert))
        #expect(known.count > 20)
        let files = try Document.all() + Self.files(in: "alerts") + Self.files(in: "dashboards")
        for file in files {
            for (place, name) in file.matches(of: /\bKube(?:Audit|rnetes(?:Access|Authentication|Anonymous))[A-Z]\w+/) {
                let isKnown = known.contains(name)
                #expect(isKnown, "\(place): there is no alert \(name)")
            }
        }
        let page = try Document(Fixture.repository.appending(path: "docs/alerts.md"))
        for alert in known.sorted() {
            let isDocumented = page.text.contains("| `\(alert)` |")
            #expect(isDocumented, "docs/alerts.md has no row for \(alert)")
        }
    }

    @Test("of a recording rule is in the page of the rules")
    func recordingRules() throws {
        let page = try Document(Fixture.repository.appending(path: "docs/alerts.md"))
        for rule in Set(try Self.rules().compactMap(\.record)) where rule != "ALERTS" {
            let isDocumented = page.text.contains("`\(rule)`")
            #expect(isDocumented, "docs/alerts.md lacks \(rule)")
        }
    }

    @Test("of a target of make is in the Makefile")
    func targets() throws {
        let makefile = try String(contentsOf: Fixture.repository.appending(path: "Makefile"), encoding: .utf8)
        let known = Set(makefile.matches(of: /(?m)^([a-z][a-z-]*):/).map { String($0.1) })
        #expect(known.isSuperset(of: ["demo", "test"]))
        for code in try Document.all().flatMap(\.code) {
            for match in code.text.matches(of: /(?:^|[;&(]\s*|\$ )make\s+([a-z][a-z-]*)(?:\s|$)/) {
                let isKnown = known.contains(String(match.1))
                #expect(isKnown, "\(code.place): the Makefile has no target \(match.1)")
            }
        }
    }

    @Test("of a file of the project is that of an existing file")
    func files() throws {
        let folders = /(?:alerts|dashboards|deploy|docs|Benchmarks|Fuzzing|Sources|Tests)\/[\w.\/-]*\w/
        for document in try Document.all() {
            for code in document.code where !code.isExample {
                guard let match = code.text.wholeMatch(of: folders) else { continue }
                let path = String(match.0)
                // Words in capitals stand for names: `alerts/runbooks/ALERT.md`. Builds make `.build`.
                guard !path.contains(/\b[A-Z]{4,}\b(?!\.md)|ALERT/), !path.contains("/.build") else { continue }
                let places = [Fixture.repository, document.url.deletingLastPathComponent()]
                let exists = places.contains { FileManager.default.fileExists(atPath: $0.appending(path: path).path) }
                #expect(exists, "\(code.place): there is no \(path)")
            }
        }
    }

    /// Files with names for Prometheus, Alertmanager or Grafana.
    private static func files(in folder: String) throws -> [Document] {
        try FileManager.default.contentsOfDirectory(
            at: Fixture.repository.appending(path: folder), includingPropertiesForKeys: nil
        )
        .filter { ["json", "yaml", "in", "tmpl"].contains($0.pathExtension) }
        // promtool checks the names of alerts in tests of rules.
        .filter { !$0.lastPathComponent.hasSuffix(".test.yaml") }.map(Document.init)
    }
}
