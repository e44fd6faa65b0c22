import Exposition
import Testing
import TestSupport

@Suite("Metric families become text")
struct ExpositionTests {
    private let requests = MetricFamily(
        Metric("scans_total", .counter, "Scans by \"source\",\none a line, C:\\.", labels: ["src_ip", "city"]),
        [
            Sample(
                18_446_744_073_709_551_615, labels: ["src_ip": "192.0.2.1", "city": "a\"b\\c\nd"],
                created: 1_795_475_406.716266,
                exemplar: Exemplar(labels: ["audit_id": "a1"], timestamp: 1_795_475_407.5)),
            Sample(0, labels: ["src_ip": "", "city": ""]),
        ])

    private func text(_ families: [MetricFamily], as format: ExpositionFormat) -> String {
        String(decoding: format.render(families), as: UTF8.self)
    }

    @Test("in the format 0.0.4")
    func textFormat() {
        #expect(
            text([requests], as: .text) == #"""
                # HELP scans_total Scans by "source",\none a line, C:\\.
                # TYPE scans_total counter
                scans_total{src_ip="192.0.2.1",city="a\"b\\c\nd"} 18446744073709551615
                scans_total{src_ip="",city=""} 0

                """#)
    }

    @Test("in OpenMetrics 1.0.0")
    func openMetrics() {
        #expect(
            text([requests], as: .openMetrics) == #"""
                # HELP scans Scans by \"source\",\none a line, C:\\.
                # TYPE scans counter
                scans_total{src_ip="192.0.2.1",city="a\"b\\c\nd"} 18446744073709551615 # {audit_id="a1"} 1 1795475407.5
                scans_created{src_ip="192.0.2.1",city="a\"b\\c\nd"} 1795475406.716266
                scans_total{src_ip="",city=""} 0
                # EOF

                """#)
    }

    @Test("with the unit at the end of the name, if the format supports units")
    func units() {
        let family = MetricFamily(Metric("cpu_seconds_total", .counter, "h"), 0.25)
        #expect(
            text([family], as: .openMetrics)
                == "# HELP cpu_seconds h\n# TYPE cpu_seconds counter\n# UNIT cpu_seconds seconds\ncpu_seconds_total 0.25\n# EOF\n"
        )
        #expect(!text([family], as: .text).contains("UNIT"))
    }

    @Test("with exact numbers in their shortest form")
    func numbers() {
        let values: [(SampleValue, String)] = [
            (.number(1_795_475_406), "1795475406"), (.number(-3), "-3"), (.number(0.1), "0.1"), (.number(.nan), "NaN"),
            (.number(.infinity), "+Inf"), (.number(-.infinity), "-Inf"), (.number(1e300), "1e+300"),
            (.integer(10), "10"),
            (.number(1_795_475_406.716266), "1795475406.716266"), (.number(-0.0), "0"),
            (.integer(1_000_005), "1000005"), (.number(-9_223_372_036_854_775_808), "-9.223372036854776e+18"),
            (.number(9_007_199_254_740_992), "9007199254740992.0"),
            (.number(-9_007_199_254_740_991), "-9007199254740991"),
        ]
        for (value, expected) in values {
            let family = MetricFamily(Metric("x", .gauge, "h"), value)
            #expect(text([family], as: .text).hasSuffix("\nx \(expected)\n"))
        }
    }

    @Test("in the given order, including a family without samples")
    func order() {
        let families = ["b", "a"].map { MetricFamily(Metric($0, .gauge, "h"), []) }
        #expect(text(families, as: .text) == "# HELP b h\n# TYPE b gauge\n# HELP a h\n# TYPE a gauge\n")
        #expect(text([], as: .openMetrics) == "# EOF\n")
    }

    @Test("without exemplars that are longer than OpenMetrics allows")
    func exemplarLimit() {
        #expect(Exemplar(labels: ["audit_id": String(repeating: "é", count: 120)]) != nil)
        #expect(Exemplar(labels: ["audit_id": String(repeating: "é", count: 121)]) == nil)
    }

    @Test("sample by sample, in parts that make the same text")
    func parts() {
        for format in ExpositionFormat.allCases {
            var text = ExpositionText(format)
            text.writeHead(of: requests.metric)
            var whole = text.take()
            for sample in requests.samples {
                text.write(sample, of: requests.metric)
                whole += text.take()
            }
            text.writeEnd()
            whole += text.take()
            #expect(whole == format.render([requests]))
            #expect(text.bytes.isEmpty)
        }
    }

    @Test("with any label value readable again, except NUL, which Prometheus cannot read")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 9)
        let odd: [Unicode.Scalar] = [
            "\"", "\\", "\n", "\r", "\0", "{", "}", ",", "=", "#", " ", "n", "é", "\u{2028}", "😀", "\u{7f}",
        ]
        for _ in 0..<2000 {
            var value = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                value.append(odd.randomElement(using: &random) ?? "x")
            }
            let family = MetricFamily(
                Metric("x", .gauge, "h", labels: ["first", "second"]),
                [Sample(1, labels: ["first": String(value), "second": String(String(value).reversed())])])
            let readable = { (value: String) in
                String(String.UnicodeScalarView(value.unicodeScalars.map { $0 == "\0" ? "\u{fffd}" : $0 }))
            }
            for format in ExpositionFormat.allCases {
                let labels = try SampleLineReader.labels(in: text([family], as: format))
                #expect(
                    labels == [
                        ["first": readable(String(value)), "second": readable(String(String(value).reversed()))]
                    ])
            }
        }
    }
}
