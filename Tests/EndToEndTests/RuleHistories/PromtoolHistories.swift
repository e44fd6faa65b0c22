import Foundation
import LocalStack
import TestSupport
import Testing

/// Histories as promtool input: the series that a rule reads, with the expected results.
struct PromtoolHistories {
    var histories: [SourceHistory]
    /// The rule whose counters have these histories.
    var rule = DetectionRule.forbidden

    /// The first minute in which each rule differs from counting one by one, by source, in the order of the rules.
    func differences(of rules: [(name: String, expression: String)]) async throws -> [[String: Int]] {
        try await withTemporaryDirectory { directory in
            let ruleFile = directory.appending(path: "rules.yaml")
            let text = rules.map(Self.recording).joined()
            try Data(("groups:\n  - name: rules\n    rules:\n" + text).utf8).write(to: ruleFile)
            let test = directory.appending(path: "histories.test.yaml")
            try Data(unitTest(of: rules.map(\.name)).utf8).write(to: test)
            let output = try await Program.promtool.run(["test", "rules", test.path]).output
            return try rules.map { name, _ in try Self.differences(of: name, in: output) }
        }
    }

    /// promtool's objections to the values of an expression at some times; `nil` if it agrees.
    func objection(to values: [(time: Int, samples: [QuerySample])], of expression: String) async throws -> String? {
        var text = Self.head
        for history in histories { text += series(of: history) }
        text += "    promql_expr_test:\n"
        for (time, samples) in values {
            let samples = samples.map { sample in
                let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
                return "{labels: '{\(labels.joined(separator: ", "))}', value: \(sample.value)}"
            }
            let lines = expression.split(separator: "\n").map { "          \($0)\n" }.joined()
            text += "      - expr: |\n\(lines)        eval_time: \(time)s\n"
            text += "        exp_samples: [\(samples.joined(separator: ", "))]\n"
        }
        return try await withTemporaryDirectory { directory in
            let test = directory.appending(path: "histories.test.yaml")
            try Data(text.utf8).write(to: test)
            let result = try await Program.promtool.run(["test", "rules", test.path])
            return result.exit == .status(0) ? nil : result.output
        }
    }

    private static let head = "evaluation_interval: 1m\ntests:\n  - interval: 15s\n    input_series:\n"

    /// The rule, and one that records the minute at which it is outside the bounds.
    private static func recording(_ name: String, _ expression: String) -> String {
        let lines = expression.split(separator: "\n").map { "          \($0)\n" }.joined()
        let counted = "(sum by (cluster, src_ip) (counted:\(name)) or 0 * counted_most)"
        return """
                  - record: counted:\(name)
                    expr: |
            \(lines)      - record: differs:\(name)
                    expr: time() / 60 + 0 * (\(counted) > counted_most or \(counted) < counted_least)

            """
    }

    /// A test with an impossible expectation, so that promtool prints the actual value of each rule.
    private func unitTest(of rules: [String]) -> String {
        let minutes = SourceHistory.length / 60 - 1
        var text = "rule_files: [rules.yaml]\n" + Self.head
        for history in histories { text += series(of: history) }
        text += "    promql_expr_test:\n"
        for rule in rules {
            text += """
                      - expr: >-
                          label_replace(min by (src_ip) (min_over_time(differs:\(rule)[5h])) or vector(-1), "rule", "\(rule)", "", "")
                        eval_time: \(minutes)m
                        exp_samples: []

                """
        }
        return text
    }

    private func series(of history: SourceHistory) -> String {
        let interval = SourceHistory.scrapeInterval
        var text = ""
        let series = { (name: String, labels: [String: String], values: String) in
            let labels = labels.merging(["src_ip": history.name]) { $1 }.sorted { $0.key < $1.key }
            let list = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ")
            return "      - {series: '\(name){\(list)}', values: '\(values)'}\n"
        }
        for scraped in history.series {
            text += series(
                rule.requests, scraped.labels, SourceHistory.values(scraped.samples) { "\($0.requests)" })
            text += series(
                rule.firstSeen, scraped.labels,
                SourceHistory.values(scraped.samples) { "\(scraped.firstSeen($0))" })
        }
        let minutes = 0..<SourceHistory.length / 60
        var bounds: [String: [RequestBounds]] = [:]
        for exporter in history.exporters {
            let samples = exporter.samples(every: interval, until: SourceHistory.length)
            let targets = exporter.targets(samples, every: interval)
            let counted = exporter.counted
            for minute in minutes {
                let own = RequestBounds.of(
                    exporter, samples, targets, counted: counted, at: minute * 60, window: SourceHistory.window,
                    interval: interval)
                let cluster = exporter.labels["cluster", default: ""]
                bounds[cluster, default: minutes.map { _ in RequestBounds() }][minute].least += own.least
                bounds[cluster]?[minute].most += own.most
            }
        }
        let perMinute = 60 / interval
        for (cluster, bounds) in bounds {
            let labels = cluster.isEmpty ? [:] : ["cluster": cluster]
            text += series("counted_least", labels, Self.written(bounds.map(\.least), each: perMinute))
            text += series("counted_most", labels, Self.written(bounds.map(\.most), each: perMinute))
        }
        return text
    }

    private static func written(_ numbers: [Int], each: Int) -> String {
        var tokens: [(text: String, count: Int)] = []
        for number in numbers {
            if tokens.last?.text == "\(number)" {
                tokens[tokens.count - 1].count += each
            } else {
                tokens.append(("\(number)", each))
            }
        }
        return SourceHistory.written(tokens)
    }

    /// promtool's results for a rule: `{rule="…", src_ip="…"} 1.2E+01`; a result without a source proves that it was
    /// evaluated.
    private static func differences(of rule: String, in output: String) throws -> [String: Int] {
        let sample = try Regex(
            #"\{rule="\#(rule)"(?:, src_ip="(\w+)")?\} (-?[0-9.E+]+)"#, as: (Substring, Substring?, Substring).self)
        var found: [String: Int] = [:]
        var asked = false
        for match in output.matches(of: sample) {
            let (_, source, minute) = match.output
            asked = true
            if let source { found[String(source)] = Double(minute).map { Int($0) } }
        }
        try #require(asked, "promtool says nothing of \(rule): \(output.prefix(2000))")
        return found
    }
}
