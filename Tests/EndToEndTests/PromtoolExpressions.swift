import Foundation
import LocalStack
import TestSupport

/// Expressions evaluated by promtool on invented series with one value per minute.
struct PromtoolExpressions {
    /// A series, and its values in promtool's notation.
    var series: [(name: String, values: String)]
    /// Minutes, expressions, and the expected results: labels with values.
    var cases: [(minute: Int, expression: String, samples: [(labels: String, value: Double)])]

    /// - Returns: promtool's exit and its output.
    func run() async throws -> (exit: ProgramExit, output: String) {
        var lines = ["evaluation_interval: 1m", "tests:", "  - interval: 1m", "    input_series:"]
        for each in series {
            lines += ["      - series: \(Self.quoted(each.name))", "        values: \(Self.quoted(each.values))"]
        }
        lines.append("    promql_expr_test:")
        for each in cases {
            lines += ["      - expr: \(Self.quoted(each.expression))", "        eval_time: \(each.minute)m"]
            lines.append("        exp_samples:\(each.samples.isEmpty ? " []" : "")")
            for sample in each.samples {
                lines.append("          - {labels: \(Self.quoted(sample.labels)), value: \(sample.value)}")
            }
        }
        return try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "expressions.test.yaml")
            try Data(lines.joined(separator: "\n").utf8).write(to: file)
            return try await Program.promtool.run(["test", "rules", file.path])
        }
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}
