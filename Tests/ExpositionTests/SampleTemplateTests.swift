import Testing
import TestSupport

@testable import Exposition

@Suite("A sample that is written by a template")
struct SampleTemplateTests {
    private static let odd: [Unicode.Scalar] = ["\"", "\\", "\n", "\0", "{", "}", ",", " ", "n", "é", "😀"]

    private static func oddText(_ random: inout SeededGenerator, upTo length: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...length, using: &random) {
            text.append(odd.randomElement(using: &random) ?? "x")
        }
        return String(text)
    }

    @Test("is the sample that is written from its labels", arguments: ExpositionFormat.allCases)
    func sameText(format: ExpositionFormat) {
        var random = SeededGenerator(seed: 18)
        for kind in [Metric.Kind.counter, .gauge] {
            let metric = Metric("x_total", kind, "h", labels: ["first", "second"])
            let template = SampleTemplate(metric)
            let exemplarTemplate = ExemplarTemplate("audit_id")
            var (plain, templated) = (ExpositionText(format), ExpositionText(format))
            for _ in 0..<500 {
                let values = (0..<2).map { _ in Self.oddText(&random, upTo: 12) }
                let id = Self.oddText(&random, upTo: 130)
                let time = Bool.random(using: &random) ? Double.random(in: 0...2e9, using: &random) : nil
                let created = Bool.random(using: &random) ? Double.random(in: 0...2e9, using: &random) : nil
                let value = SampleValue.integer(.random(in: 0...(.max), using: &random))
                plain.write(
                    Sample(
                        value, labels: LabelSet(metric.labels, values), created: created,
                        exemplar: Exemplar(labels: ["audit_id": id], timestamp: time)), of: metric)
                templated.write(value, of: template, created: created, exemplar: (exemplarTemplate, id, time)) {
                    $0.append(values[0])
                    if values[1] == "n" {
                        $0.append(plain: { $0.append(UInt8(ascii: "n")) })
                    } else {
                        $0.append(values[1])
                    }
                }
            }
            #expect(String(decoding: templated.bytes, as: UTF8.self) == String(decoding: plain.bytes, as: UTF8.self))
        }
    }

    @Test("has the number with the fewest digits that give it back")
    func numbers() {
        var random = SeededGenerator(seed: 6)
        let metric = Metric("x", .gauge, "h", labels: ["a"])
        let template = SampleTemplate(metric)
        let edges: [Double] = [
            0x1p20, 0x1p20.nextDown, 0x1p32, 0x1p32.nextDown, 0x1p31, 1_795_475_406.716266, 1_795_475_406.5,
            1_795_475_406.000001, 1_795_475_406.999999, 1_795_475_406.9999998, 1_048_576.1, 1_048_576.000001,
        ]
        let times = (0..<20_000).map { _ in
            // Whole microseconds, and any time.
            Bool.random(using: &random)
                ? Double(UInt64.random(in: 0...4_400_000_000_000_000, using: &random)) / 1_000_000
                : Double.random(in: 0...0x1p33, using: &random)
        }
        for time in edges + times + edges.flatMap({ [$0.nextUp, $0.nextDown] }) where time != time.rounded() {
            var text = ExpositionText(.text)
            // The second one is a copy of the first one's digits.
            for _ in 0..<2 { text.write(.number(time), of: template) { $0.append("b") } }
            let line = "x{a=\"b\"} \(time)\n"
            #expect(String(decoding: text.bytes, as: UTF8.self) == line + line)
        }
    }
}
