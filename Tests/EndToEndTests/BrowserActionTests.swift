import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// `Tests/Browser/drive.py` types, clicks and presses keys as a reader does.
@Suite(
    "A reader with a browser", .enabled(if: isInstalled(.chromium), "Chromium is missing: install it with `make deps`"),
    .timeLimit(.minutes(5)))
struct BrowserActionTests {
    /// Something to do in a browser.
    private enum Step {
        case open(String), size(Int, Int), type(String), key(String), click(String), until(String), value(String)

        var json: [String: Any] {
            switch self {
            case .open(let url): ["open": url]
            case .size(let width, let height): ["size": [width, height]]
            case .type(let text): ["type": text]
            case .key(let name): ["key": name]
            case .click(let selector): ["click": selector]
            case .until(let expression): ["until": expression]
            case .value(let expression): ["value": expression]
            }
        }
    }

    /// - Returns: The results of the steps that ask for a value.
    private static func drive(_ steps: [Step], login: String? = nil, in directory: URL) async throws -> [String] {
        let input = directory.appending(path: "steps.json")
        try JSONSerialization.data(withJSONObject: steps.map(\.json)).write(to: input)
        let script = Fixture.repository.appending(path: "Tests/Browser/drive.py").path
        let login = login.map { ["--login", $0] } ?? []
        let command = ["sh", "-c", #"exec python3 "$@" < steps.json"#, "sh", script] + login
        let outcome = try await Command.run(command, in: directory)
        try #require(outcome.status == 0, "\(outcome.output)")
        let values = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [Any]
        return try #require(values).map { "\($0)" }
    }

    /// The addresses of the list, in its order.
    private static let rows = "[...document.querySelectorAll('#results tbody th a')].map(a => a.textContent).join(' ')"
    private static let focus = "document.activeElement.dataset.column ?? document.activeElement.name"

    /// An exporter with requests of three sources, of which 192.0.2.3 made the most, and one with two addresses.
    private static func withExporter(
        _ arguments: [String] = [], in directory: URL, _ body: (ExporterProgram) async throws -> Void
    ) async throws {
        var log = ""
        for source in 1...3 {
            for request in 0..<source {
                var line = AuditLine(from: ["192.0.2.\(source)"], auditID: "id-\(source)-\(request)")
                line.userAgent = "agent \(source)"
                log += line.text
            }
        }
        log += AuditLine(from: ["203.0.113.9", "2001:db8:1234:5678:9abc:def0:1234:5678"]).text
        try Data(log.utf8).write(to: directory.appending(path: "audit.log"))
        let exporter = try await ExporterProgram.start(in: directory, arguments)
        try await body(exporter)
        await exporter.program.stop()
    }

    @Test("searches, sorts and filters the list without leaving the page, and goes back")
    func list() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.withExporter(in: directory) { exporter in
                let url = exporter.server.url.absoluteString + "/sources"
                let all = "192.0.2.3 192.0.2.2 192.0.2.1 203.0.113.9 2001:db8:1234:5678:9abc:def0:1234:5678"
                let results = try await Self.drive(
                    [
                        .open(url), .until("\(Self.rows) === '\(all)'"), .value("window.same = true"),
                        // Typing, without a submission.
                        .click("input[name=q]"), .type("AGENT 2"), .until("\(Self.rows) === '192.0.2.2'"),
                        .value("location.search"), .value("document.getElementById('summary').textContent"),
                        .value(Self.focus), .value("document.querySelector('input[name=q]').value"),
                        .value("document.querySelector('input[name=q]').value = ''"),
                        // A filter.
                        .value(
                            "(e => { e.value = 'claimed'; e.dispatchEvent(new Event('input', {bubbles: true})); })"
                                + "(document.querySelector('select[name=origin]'))"),
                        .until("\(Self.rows) === '203.0.113.9'"),
                        .value(
                            "(e => { e.value = ''; e.dispatchEvent(new Event('input', {bubbles: true})); })"
                                + "(document.querySelector('select[name=origin]'))"),
                        .until("\(Self.rows) === '\(all)'"),
                        // The order, by mouse and by keyboard.
                        .click("[data-column=address]"), .until("\(Self.rows).startsWith('192.0.2.1 192.0.2.2')"),
                        .value("document.querySelector('[aria-sort]').textContent.trim()"), .value(Self.focus),
                        .key("Enter"), .until("\(Self.rows).startsWith('2001:db8')"),
                        .value("document.querySelector('[aria-sort]').getAttribute('aria-sort')"), .value(Self.focus),
                        .value("window.same"), .value("history.back()"),
                        .until("\(Self.rows).startsWith('192.0.2.1 192.0.2.2')"),
                        // An audit ID.
                        .open(url), .click("input[name=audit_id]"), .type("id-3-1"),
                        .until("\(Self.rows) === '192.0.2.3'"), .type("x"),
                        .until("document.getElementById('summary').textContent.includes('last 5 requests')"),
                        .value("document.querySelectorAll('#results tbody tr').length"),
                    ], in: directory)
                #expect(
                    results == [
                        "1", "?q=AGENT+2&sort=requests&order=desc", "1 source.", "q", "AGENT 2", "", "<null>",
                        "<null>", "Source ▲", "address", "descending", "address", "1",
                        "<null>", "0",
                    ])
            }
        }
    }

    @Test("skips to the content by keyboard, and reads pages of 320 and 360 pixels without scrolling sideways")
    func narrow() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.withExporter(in: directory) { exporter in
                let url = exporter.server.url.absoluteString
                let skip = "document.querySelector('.skip').getBoundingClientRect()"
                var steps: [Step] = [
                    .open(url + "/sources"), .value("\(skip).right < 0"), .key("Tab"),
                    .value("document.activeElement.className"),
                    .value("\(skip).left >= 0 && \(skip).top >= 0 && \(skip).height > 20"), .key("Enter"),
                    .until("document.activeElement.id === 'main'"), .key("Tab"), .value(Self.focus),
                ]
                let paths = [
                    "/", "/sources", "/sources?origin=claimed&q=x", "/sources/192.0.2.3",
                    "/sources/2001:db8:1234:5678:9abc:def0:1234:5678", "/sources/x",
                ]
                for width in [320, 360, 1280] {
                    steps.append(.size(width, 700))
                    for path in paths {
                        steps += [
                            .open(url + path),
                            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
                            // Also no text that lies outside of its frame.
                            .value(
                                "[...document.querySelectorAll('h1, h2, p, dd, label, input, select, button, code')]"
                                    + ".filter(e => e.offsetParent && !e.closest('.wide, .skip')"
                                    + " && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML).join()"
                            ),
                        ]
                    }
                }
                let results = try await Self.drive(steps, in: directory)
                #expect(results.prefix(4) == ["1", "skip", "1", "q"])
                let widths = Array(results.dropFirst(4))
                #expect(widths.count == 3 * paths.count * 2)
                #expect(widths.allSatisfy { $0 == "0" || $0 == "" }, "\(widths)")
            }
        }
    }

    @Test("gives a password over TLS once, and then uses all pages")
    func tls() async throws {
        try await withTemporaryDirectory { directory in
            try await CertificateAuthority("ca", in: directory).issue("server", for: .server)
            // "secret", with a cost that does not slow down the test.
            let hash = try await Command.run(
                [
                    "python3", "-W", "ignore", "-c",
                    "import crypt; print(crypt.crypt('secret', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))",
                ],
                in: directory)
            let password = hash.output.trimmingCharacters(in: .whitespacesAndNewlines)
            let file = """
                tls_server_config: {cert_file: server.crt, key_file: server.key}
                basic_auth_users: {reader: '\(password)'}

                """
            try Data(file.utf8).write(to: directory.appending(path: "web.yml"))
            try Data(AuditLine(from: ["192.0.2.1"]).text.utf8).write(to: directory.appending(path: "audit.log"))
            let running = try await RunningProgram(
                Program.exporter.locate(),
                [
                    "--audit.log", "audit.log", "--web.listen-address", "127.0.0.1:0", "--web.config.file", "web.yml",
                ], name: "exporter", in: directory)
            let port = try await eventually("it to listen") {
                running.logText.firstMatch(of: /msg=Listening address=127\.0\.0\.1:(\d+)/).map { String($0.1) }
            } is: {
                $0 != nil
            }
            let url = "https://127.0.0.1:\(try #require(port))"
            let results = try await Self.drive(
                [
                    .open(url + "/"), .until("document.querySelector('h1')?.textContent === 'kube-audit-exporter'"),
                    .click("nav a:last-of-type"),
                    .until("location.pathname === '/sources' && document.querySelector('form')"),
                    .until("getComputedStyle(document.querySelector('.wide')).overflowX === 'auto'"),
                    .until("\(Self.rows) === '192.0.2.1'"), .click("input[name=q]"), .type("nothing"),
                    .until("\(Self.rows) === ''"), .value("location.pathname + location.search"),
                    .open(url + "/sources/192.0.2.1"), .value("document.querySelector('h1').textContent"),
                ], login: "reader:secret", in: directory)
            #expect(results == ["/sources?q=nothing&sort=requests&order=desc", "192.0.2.1"])
            let refused = try await Self.drive(
                [.open(url + "/sources"), .value("document.body.innerText")], login: "reader:wrong", in: directory)
            #expect(!(refused.first ?? "").contains("192.0.2.1"), "\(refused)")
            await running.stop()
        }
    }
}
