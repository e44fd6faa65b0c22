import Exposition
import Foundation
import Testing
import TestSupport

@testable import Exporter

@Suite("The catalogue of metrics")
struct MetricCatalogueTests {
    @Test("has each metric once, with a sentence as its HELP text")
    func isSound() {
        #expect(Set(Metric.catalogue.map(\.name)).count == Metric.catalogue.count)
        for metric in Metric.catalogue {
            #expect(metric.help.hasSuffix("."), "\(metric.name): \(metric.help)")
            #expect(!metric.help.contains("|"), "\(metric.name) would break the table")
            #expect(metric.name.hasPrefix("kube_audit_") || metric.name.hasPrefix("process_"))
        }
    }

    @Test("is the table of docs/metrics.md")
    func table() throws {
        let file = Fixture.repository.appending(path: "docs/metrics.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let begin = "<!-- Metrics: written by `make golden` from the code. -->\n"
        let end = "<!-- End of metrics. -->\n"
        let start = try #require(text.range(of: begin)).upperBound
        let shown = start..<(try #require(text.range(of: end, range: start..<text.endIndex)).lowerBound)
        if ProcessInfo.processInfo.environment["REWRITE_GOLDEN"] == "1" {
            try Data(text.replacingCharacters(in: shown, with: Metric.table).utf8).write(to: file)
        } else {
            let difference = Metric.table.split(separator: "\n").difference(from: text[shown].split(separator: "\n"))
            #expect(difference.isEmpty, "`make golden` writes the table from the catalogue")
        }
    }

    @Test("has the labels that the alert on labels of targets knows")
    func labels() throws {
        let file = Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let known = text.matches(of: /exported_(\w+)!=""/).map { String($0.1) }
        #expect(Set(known) == Set(Metric.catalogue.flatMap(\.labels.names)))
    }
}
