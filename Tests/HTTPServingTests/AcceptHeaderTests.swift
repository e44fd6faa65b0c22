import HTTPServing
import Testing

@Suite("The format of a response")
struct AcceptHeaderTests {
    private static let text = "text/plain; version=0.0.4; charset=utf-8"
    private static let openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private func best(_ header: String?) -> String? {
        AcceptHeader(header).best(of: [Self.text, Self.openMetrics])
    }

    @Test(
        "is OpenMetrics for Prometheus, and for clients that prefer it",
        arguments: [
            // Prometheus 2.42.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            // Prometheus 3.5.
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "APPLICATION/OpenMetrics-Text ; VERSION=\"1.0.0\" ; Q=0.9 , text/plain ; q = 0.8",
            "text/*;q=0.5, application/*",
            "text/plain;q=0, */*",
            "text/plain;version=0.0.5, */*;q=0.1, application/openmetrics-text;q=0.2",
            "a/b;c=\"d,text/plain\", application/openmetrics-text",
            "a/b;c=\"\\\",text/plain\", application/openmetrics-text",
            ",, ,application/openmetrics-text,",
        ])
    func openMetrics(header: String) {
        #expect(best(header) == Self.openMetrics)
    }

    @Test(
        "is the text format for browsers and curl, and for clients without a preference",
        arguments: [
            nil, "", " ", ",", "*/*", "*", "*; q=.2",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "text/plain", "text/plain;version=0.0.4", "text/*", "*/*;q=0.1",
            // It accepts only another version of OpenMetrics, and anything else.
            "application/openmetrics-text;version=0.0.1,*/*;q=0.1",
            "application/openmetrics-text;q=0.5,text/plain;q=0.6",
            "application/openmetrics-text;version=1.0.0;q=0,*/*",
            "application/openmetrics-text;q=-1,text/plain;q=0.001",
            "application/openmetrics-text;q=0.9,text/plain;q=nonsense",
            "application/openmetrics-text;q=1,text/plain;q=7",
        ])
    func text(header: String?) {
        #expect(best(header) == Self.text)
    }

    @Test(
        "is none if the client accepts none of them",
        arguments: [
            "application/openmetrics-text;version=0.0.1", "image/png", "*/*;q=0", "text/plain;q=0",
            "text/plain;version=1.0.0", "application/json, image/*", "text", "\"", ";q=1",
        ])
    func nothing(header: String) {
        #expect(best(header) == nil)
    }

    @Test("is chosen by the most specific matching range")
    func specificity() {
        let accept = AcceptHeader("*/*;q=0.1, text/*;q=0.2, text/plain;q=0.3, text/plain;version=0.0.4;q=0.4")
        #expect(accept.quality(of: "text/plain; version=0.0.4") == 0.4)
        #expect(accept.quality(of: "text/plain; version=1.0.0") == 0.3)
        #expect(accept.quality(of: "text/html") == 0.2)
        #expect(accept.quality(of: "image/png") == 0.1)
        #expect(accept.quality(of: "") == 0)
    }

    @Test("is found quickly, however long the list is; entries past a limit are ignored")
    func long() {
        let clock = ContinuousClock()
        let long = [
            String(repeating: ",", count: 10_000) + "text/plain",
            String(repeating: "a/b;", count: 10_000) + "q=0.5",
            String(repeating: "a/b,", count: 10_000),
            "\"" + String(repeating: "\\\",", count: 10_000),
            "a/b;c=" + String(repeating: "\"", count: 10_000),
        ]
        let time = clock.measure {
            for header in long { _ = AcceptHeader(header).best(of: [Self.text, Self.openMetrics]) }
        }
        #expect(time < .seconds(1))
        #expect(best(long[0]) == Self.text)
        #expect(best(long[2] + "text/plain") == nil)
    }
}
