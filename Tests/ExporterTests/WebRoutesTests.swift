import AccessScanning
import AuditEvents
import AuditSources
import Exposition
import Foundation
import HTTPServing
import RawHTTP
import Synchronization
import TestSupport
import Testing

@testable import Exporter

@Suite("The served pages")
struct WebRoutesTests {
    private static func counts(_ addresses: [[String]] = [["192.0.2.1"]]) -> Counts {
        var detector = AccessScanningDetector([.forbidden])
        for (index, sourceIPs) in addresses.enumerated() {
            detector.observe(
                AuditEvent(
                    auditID: "\(index)", stage: "ResponseComplete", sourceIPs: sourceIPs,
                    requestReceivedTimestamp: "2026-11-23T23:10:06.5Z"), of: 0, at: 1_795_475_500)
        }
        var counts = Counts()
        counts.sources = detector.ledgers[0].sources.counts
        counts.profiles = detector.profiles
        return counts
    }

    private static func get(
        _ path: String, accept: String? = nil, of counts: Counts = counts(), _ status: Status = Status(),
        telemetryPath: String = "/metrics", withCreated: Bool = false
    ) async -> HTTPResponse {
        await WebRoutes.routes(
            showing: Published(counts), StatusBoard(status), telemetryPath: telemetryPath, withCreated: withCreated
        ).respond(
            to: HTTPRequest(method: "GET", path: path, headers: accept.map { [("Accept", $0)] } ?? []))
    }

    private static func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test(
        "include the metrics in the format that the scraper requests",
        arguments: [
            (nil, ExpositionFormat.text), ("*/*", .text), ("text/plain", .text), ("application/json", .text),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                    + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
                    + "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics
            ),
        ] as [(String?, ExpositionFormat)])
    func negotiation(accept: String?, format: ExpositionFormat) async {
        let response = await Self.get("/metrics", accept: accept)
        #expect(response.status == 200)
        #expect(response.headers["Content-Type"] == format.contentType)
        #expect(Self.text(response).hasSuffix("# EOF\n") == (format == .openMetrics))
        #expect(
            Self.text(response).contains(
                #"_requests_total{src_ip="192.0.2.1",country="",city="",origin="verified"} 1"#))
    }

    @Test(
        "include a source's last request, if the format supports it, and its creation time only if a flag asks for it")
    func openMetrics() async {
        let accept = "application/openmetrics-text;version=1.0.0"
        var text = await Self.text(Self.get("/metrics", accept: accept))
        #expect(text.contains(##"origin="verified"} 1 # {audit_id="0"} 1 1795475406.5"##))
        #expect(!text.contains("_created"))
        text = await Self.text(Self.get("/metrics", accept: accept, withCreated: true))
        #expect(text.contains(##"origin="verified"} 1 # {audit_id="0"} 1 1795475406.5"##))
        #expect(text.contains(#"requests_created{src_ip="192.0.2.1",country="",city="",origin="verified"} 1795475500"#))
    }

    @Test("have the same labels on a source's two series, one pair per source")
    func pairs() async {
        let text = await Self.text(
            Self.get("/metrics", of: Self.counts([["nonsense", "192.0.2.1"], ["2001:DB8::0:1"], []])))
        let labels = { (name: String) in
            text.split(separator: "\n").filter { $0.hasPrefix(name + "{") }.map {
                $0.drop { $0 != "{" }.prefix { $0 != "}" }
            }
        }
        let requests = labels("kube_audit_unauthenticated_forbidden_requests_total")
        #expect(requests == labels("kube_audit_source_first_seen_timestamp_seconds"))
        #expect(requests.count == Set(requests).count)
        #expect(
            requests.map(String.init) == [
                #"{src_ip="192.0.2.1",country="",city="",origin="verified""#,
                #"{src_ip="2001:db8::1",country="",city="",origin="verified""#,
                #"{src_ip="invalid",country="",city="",origin="verified""#,
                #"{src_ip="invalid",country="",city="",origin="claimed""#,
            ])
    }

    @Test("include a landing page, health and readiness")
    func pages() async {
        #expect(await Self.get("/").headers["Content-Type"] == "text/html; charset=utf-8")
        let page = await Self.text(Self.get("/"))
        #expect(page.contains(#"<a href="./metrics">"#))
        let row = ["<td>forbidden</td>", "<td>verified</td>", "1", "10,000", "1"].map {
            $0.hasPrefix("<") ? $0 : "<td class=\"n\">\($0)</td>"
        }
        #expect(page.contains("<tr>\(row.joined())</tr>"))
        #expect(await Self.get("/-/healthy").status == 200)
        #expect(await Self.get("/nothing").status == 404)
    }

    private static func ready(_ status: Status) async -> String {
        let response = await get("/-/ready", of: counts(), status)
        return "\(response.status) \(text(response))"
    }

    @Test("say that the exporter is not ready, and why, while no log can be read")
    func readiness() async {
        let missing = LogState(log: "a", problem: "No such file or directory")
        let locked = LogState(log: "b*.log", problem: "b1.log: Permission denied")
        let ready = "200 kube-audit-exporter is ready.\n"
        #expect(
            await Self.ready(Status(logs: [missing, locked]))
                == "503 kube-audit-exporter is not ready: no log can be read.\na: No such file or directory\n"
                + "b*.log: b1.log: Permission denied\n")
        #expect(await Self.ready(Status(logs: [missing, LogState(log: "c")])) == ready, "a readable log beside")
        #expect(await Self.ready(Status(logs: [missing], hasWebhook: true)) == ready, "a webhook beside")
        #expect(await Self.get("/-/healthy", of: Self.counts(), Status(logs: [missing])).status == 200)
        #expect(
            await Self.ready(Status(logs: [LogState(log: "c")], awaitedLogs: 1))
                == "503 kube-audit-exporter has not looked at every log yet.\n")
    }

    @Test("say that the exporter is ready while it shows restored counters before it reads on")
    func holdback() async {
        let held = Status(awaitedLogs: 1, heldBackUntil: .now + .seconds(60))
        #expect(
            await Self.ready(held)
                == "200 kube-audit-exporter is ready; it shows restored counters for a minute before it reads on.\n")
        #expect(held.readiness(at: .now + .seconds(61)) == .starting)
    }

    @Test("count scrapes, in either format")
    func scrapes() async {
        let routes = WebRoutes.routes(
            showing: Published(Self.counts()), StatusBoard(Status()), telemetryPath: "/metrics")
        let first = await routes.respond(to: HTTPRequest(method: "GET", path: "/metrics"))
        #expect(Self.text(first).contains("\nkube_audit_scrapes_total 1\n"))
        let second = await routes.respond(
            to: HTTPRequest(
                method: "GET", path: "/metrics", headers: [("Accept", "application/openmetrics-text;version=1.0.0")]))
        #expect(Self.text(second).contains("\nkube_audit_scrapes_total 2\n"))
        for level in ["debug", "info", "warn", "error"] {
            #expect(Self.text(first).contains("\nkube_audit_exporter_log_messages_total{level=\"\(level)\"} "))
        }
    }

    @Test("have the metrics at the root if configured, or at another path")
    func telemetryPath() async {
        #expect(await Self.text(Self.get("/", telemetryPath: "/")).hasPrefix("# HELP"))
        #expect(await Self.text(Self.get("/probe/x", telemetryPath: "/probe/x")).hasPrefix("# HELP"))
        #expect(await Self.get("/metrics", telemetryPath: "/probe/x").status == 404)
    }

    @Test("show the names of logs as text, whatever they contain")
    func escapes() async {
        let status = Status(logs: [LogState(log: "<script>alert('1')</script>", problem: "\"&\"", unreadBytes: 5)])
        let page = await Self.text(Self.get("/", of: Self.counts(), status))
        #expect(page.contains("<td class=\"any\">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</td>"))
        #expect(page.contains("&quot;&amp;&quot;"))
        #expect(!page.contains("<script"))
    }

    @Test("include the resources of the process")
    func process() async {
        let text = await Self.text(Self.get("/metrics"))
        for (name, range) in [
            "process_cpu_seconds_total": 0.0...1e6, "process_open_fds": 3...100_000,
            "process_max_fds": 3...1e12, "process_virtual_memory_bytes": 1e6...1e15,
            "process_resident_memory_bytes": 1e6...1e12, "process_start_time_seconds": 1.7e9...1e10,
        ] {
            let value = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
                Double($0.drop { $0 != " " }.dropFirst())
            }
            #expect(value.map(range.contains) == true, "\(name) is \(value ?? .nan)")
        }
    }

    @Test("show values published before the request, even if concurrent requests share a response")
    func fresh() async {
        let published = Published(Self.counts())
        let answers = Mutex(0)
        let routes = WebRoutes.routes(
            showing: published, StatusBoard(Status()), telemetryPath: "/metrics",
            servers: {
                let value = SampleValue.integer(UInt64(answers.withLock { $0 }))
                return [MetricFamily(Metric("answers", .gauge, "Of a server."), value)]
            })
        for number in 1...50 {
            published.publish(Self.counts([["192.0.2.\(number)"]]))
            answers.withLock { $0 = number }
            for accept in ["text/plain", "application/openmetrics-text"] {
                let request = HTTPRequest(method: "GET", path: "/metrics", headers: [("Accept", accept)])
                let text = await Self.text(routes.respond(to: request))
                #expect(text.contains(#"src_ip="192.0.2.\#(number)""#))
                #expect(text.contains("\nanswers \(number)\n"))
            }
        }
    }

    @Test("change nothing for any request, except a reload with POST or PUT")
    func methods() async {
        let reloads = Mutex(0)
        let routes = WebRoutes.routes(
            showing: Published(Self.counts()), StatusBoard(Status()), telemetryPath: "/metrics",
            lifecycle: Lifecycle(isEnabled: true),
            reload: {
                reloads.withLock { $0 += 1 }
                return []
            })
        for path in [
            "/", "/sources", "/sources/a", "/api/v1/sources", "/metrics", "/-/healthy", "/-/ready", "/-/reload",
            "/nothing",
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post"] {
                guard path != "/-/reload" || (method != "POST" && method != "PUT") else { continue }
                let status = await routes.respond(to: HTTPRequest(method: method, path: path)).status
                let isRead = (method == "GET" || method == "HEAD") && path != "/-/reload"
                #expect([404, 405].contains(status) || isRead, "\(method) \(path) is answered \(status)")
            }
        }
        #expect(reloads.withLock { $0 } == 0)
        for method in ["POST", "PUT"] {
            #expect(await routes.respond(to: HTTPRequest(method: method, path: "/-/reload")).status == 200)
        }
        #expect(reloads.withLock { $0 } == 2)
    }

    @Test("refuse a reload unless it is enabled or the server demands credentials, also after it was reconfigured")
    func lifecycle() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "web.yml")
            try Data("{}".utf8).write(to: file)
            let reloading = try Reloading(ServeOptions(webConfigFile: file.path))
            let answer = {
                let routes = WebRoutes.routes(
                    showing: Published(Counts()), StatusBoard(Status()), telemetryPath: "/metrics",
                    lifecycle: reloading.configuration.lifecycle)
                return await routes.respond(to: HTTPRequest(method: "POST", path: "/-/reload"))
            }
            let refused = await answer()
            #expect(refused.status == 403)
            #expect(Self.text(refused).hasPrefix("Lifecycle API is not enabled. Start the exporter with --web.enable-"))
            try Data("basic_auth_users: {a: $2y$04$\(String(repeating: ".", count: 53))}".utf8).write(to: file)
            for _ in 0..<2 { await reloading.look() }
            #expect(await answer().status == 200)
            try Data("{}".utf8).write(to: file)
            for _ in 0..<2 { await reloading.look() }
            #expect(await answer().status == 403)
        }
    }

    @Test("allow a reload for verified client certificates, not for any certificate")
    func lifecycleCertificates() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await CertificateAuthority("ca", in: directory)
            let file = directory.appending(path: "web.yml")
            for (type, isAllowed) in [
                ("RequireAndVerifyClientCert", true), ("VerifyClientCertIfGiven", false),
                ("RequireAnyClientCert", false),
            ] {
                let ca = type == "RequireAnyClientCert" ? "" : "  client_ca_file: ca.crt\n"
                let text =
                    "tls_server_config:\n  cert_file: ca.crt\n  key_file: ca.key\n  client_auth_type: \(type)\n\(ca)"
                try Data(text.utf8).write(to: file)
                let configuration = try Configuration(ServeOptions(auditLogs: ["x"], webConfigFile: file.path))
                #expect(configuration.lifecycle.isAllowed == isAllowed, "\(type)")
            }
        }
    }
}
