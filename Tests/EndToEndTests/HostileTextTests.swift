import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("Text from a scanning client or a log's name")
struct HostileTextTests {
    private static let texts = [
        "<script>alert(1)</script>", "\"} 1\nforged{a=\"", "\\\" \\n", "\u{0}\u{1}\u{7f}\u{85}\u{2028}", "# EOF\n",
        "\u{202e}\u{feff}é😀", String(repeating: "x", count: 9000),
    ]

    /// Every text in every field that a client controls, and bytes that are not UTF-8.
    private static var log: Data {
        var log = Data()
        for text in texts {
            var line = AuditLine(from: [text, "192.0.2.7"], auditID: text)
            line.userAgent = text
            line.requestURI = "/\(text)"
            line.verb = text
            log.append(Data(line.text.utf8))
        }
        let marked = Data(AuditLine(from: ["192.0.2.8"], auditID: "MARK").text.utf8)
        if let place = marked.firstRange(of: Data("MARK".utf8)) {
            log.append(
                marked[..<place.lowerBound] + Data([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]) + marked[place.upperBound...])
        }
        return log
    }

    @Test("adds no series and no unreadable line, in either format", .timeLimit(.minutes(1)))
    func metrics() async throws {
        try await withTemporaryDirectory { directory in
            try Self.log.write(to: directory.appending(path: "audit.log"))
            let name = "a<b>\"c\"\n'd\\&.log"
            try Data().write(to: directory.appending(path: name))
            let exporter = try await ExporterProgram.start(in: directory, ["--audit.log", name])
            let read = "kube_audit_lines_total{input=\"file\"} \(Self.texts.count + 1)\n"
            try await eventually("all lines to be read") { try await exporter.metrics().contains(read) }
            let url = exporter.server.url.appending(path: "/metrics")
            let text = try await HTTPClient.get(url).body
            let check = try await Program.promtool.run(["check", "metrics"], input: text)
            #expect(check.exit == .status(0), "\(check.output)")
            #expect(check.output == "")
            let openMetrics = try await HTTPClient.get(url, accept: "application/openmetrics-text;version=1.0.0").body
            for body in [text, openMetrics] {
                #expect(String(validating: body, as: UTF8.self) != nil, "it must be UTF-8")
                #expect(!body.contains(0), "Prometheus takes it for the end, and rejects the scrape")
                let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
                let sample = /(kube_audit|process)_\w+(\{.*\})? ([0-9.e+-]+|[+]Inf)( # .*)?/.dotMatchesNewlines()
                let odd = lines.filter { !$0.hasPrefix("# ") && $0.wholeMatch(of: sample) == nil }
                #expect(odd == [])
                #expect(lines.count { $0 == "# EOF" } == (body == openMetrics ? 1 : 0))
                // Invalid addresses have no label of their own.
                #expect(!lines.contains { $0.contains("src_ip=") && $0.contains("script") && !$0.contains(" # ") })
                #expect(lines.contains(#"kube_audit_log_readable{log="a<b>\"c\"\n'd\\&.log"} 1"#))
            }
            await exporter.program.stop()
        }
    }

    @Test("appears on pages and in responses only as text, and these forbid scripts", .timeLimit(.minutes(1)))
    func pages() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let name = "<script>alert('1')</script>\".log"
            let exporter = try await ExporterProgram.start(
                in: directory, ["--audit.log", name.replacing("/", with: "_")])
            let ask = { (head: String) in
                try await RawConnection(to: exporter.address).answer(to: "\(head)\r\n\r\n")
            }
            for head in [
                "GET / HTTP/1.1\r\nHost: <script>", "GET /<script> HTTP/1.1\r\nHost: x",
                "GET /%3Cscript%3E HTTP/1.1\r\nHost: x",
                "GET /%ff<script> HTTP/1.1\r\nHost: x", "GET /metrics?<script> HTTP/1.1\r\nHost: x",
                "<script> / HTTP/1.1\r\nHost: x", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX: <script>",
            ] {
                let answer = try await ask(head)
                // In the metrics it is a label value, in a response of type text/plain.
                let isMetrics = answer.headers["content-type"]?.hasPrefix("text/plain; version") == true
                #expect(isMetrics || !answer.text.contains("<script"), "\(head): \(answer)")
                #expect(answer.headers["x-content-type-options"] == "nosniff", "\(head): \(answer)")
                #expect(answer.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true, "\(head)")
            }
            let page = try await ask("GET / HTTP/1.1\r\nHost: x").text
            #expect(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;_script&gt;&quot;.log"))
            await exporter.program.stop()
        }
    }
}
