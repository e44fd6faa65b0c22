import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import TestSupport
import Testing

@testable import Exporter

@Suite("The result of scan")
struct ScanTests {
    /// The reports on events, with all requests counted.
    private static func reports(_ events: [AuditEvent], location: Location = .unknown) -> [SourceReport] {
        var requests = RequestCollection(RequestCollection.Selection())
        for event in events { requests.add(event) }
        return requests.sources(within: nil).map { SourceReport($0, at: location) }
    }

    private static func event(_ id: Int = 0, from address: String = "192.0.2.1", agent: String, uri: String = "/api")
        -> AuditEvent
    {
        AuditEvent(
            auditID: "\(id)", stage: "ResponseComplete", requestURI: uri, verb: "list", username: "system:anonymous",
            groups: ["system:unauthenticated"], sourceIPs: [address], userAgent: agent, responseCode: 403,
            requestReceivedTimestamp: "2026-11-23T23:10:0\(id % 10).716266Z",
            stageTimestamp: "2026-11-23T23:10:0\(id % 10).716266Z")
    }

    @Test("is the same with one thread and with many, and with one file and its parts", arguments: [1, 2, 7])
    func threads(threads: Int) throws {
        let logs = StoredLog.find([
            Fixture.url("audit-logs/same-audit-id.log.zst").path, Fixture.url("audit-logs/metadata.log").path,
        ]).logs
        let selection = RequestCollection.Selection()
        let json = { (threads: Int, partSize: Int) in
            let reading = ParallelReading(logs, selection: selection, partSize: partSize)
            let result = reading.run(threads: threads) { _ in }
            return ScanOutput.json(result.requests.sources(within: 3600).map { SourceReport($0, at: .unknown) })
        }
        let expected = json(1, 1 << 30)
        #expect(expected.contains(#""src_ip":"127.0.0.46","country":"","city":"","origin":"verified","count":226"#))
        #expect(json(threads, 1 << 30) == expected)
        #expect(json(threads, 10_000) == expected)
    }

    @Test("does not depend on where an array lies in a log that is read in parts", arguments: 1...4)
    func arrays(threads: Int) throws {
        try withTemporaryDirectory { directory in
            let texts = (0..<900).map { AuditLine(from: ["192.0.2.\($0 % 7)"], auditID: "event \($0)").text }
            let array = "[" + texts[300..<600].map { String($0.dropLast()) }.joined(separator: ",\n") + "]\n"
            let logs = ["lines", "array"].map { directory.appending(path: $0) }
            try texts.joined().write(to: logs[0], atomically: true, encoding: .utf8)
            try (texts[..<300].joined() + array + texts[600...].joined()).write(
                to: logs[1], atomically: true, encoding: .utf8)
            let readings = [
                (1 << 30, [logs[1]]), (10_000, [logs[1]]), (10_000, logs), (10_000, [logs[1], logs[0]]),
            ]
            for (size, files) in readings {
                let stored = StoredLog.find(files.map(\.path)).logs
                let reading = ParallelReading(stored, selection: .init(), partSize: size)
                let result = reading.run(threads: threads) { _ in }
                // The same event in two logs is one.
                let sources = result.requests.sources(within: nil)
                #expect(sources.flatMap(\.counts).reduce(0, +) == 900, "\(files.count) files in parts of \(size)")
                #expect(result.readings.allSatisfy { $0.lines == 900 && $0.malformedCount == 0 })
            }
        }
    }

    @Test("fits each width of a terminal, with what matters most")
    func widths() {
        let reports = Self.reports(
            (0..<30).map {
                Self.event($0, agent: "agent \($0 % 4) 漢字", uri: "/" + String(repeating: "é", count: 3 * $0))
            }
                + [Self.event(99, from: "2001:db8:1:2:3:4:5:6", agent: "")],
            location: Location(country: "Côte d'Ivoire", city: "Abidjan"))
        for width in 50...260 {
            let lines = ScanOutput.table(reports, width: width).split(separator: "\n")
            #expect(lines.allSatisfy { String($0).displayWidth <= width }, "\(width): \(lines)")
            #expect(lines[0].hasPrefix("src_ip") && lines[0].contains("count"), "\(width): \(lines)")
        }
        let wide = ScanOutput.table(reports, width: nil)
        for name in ["src_ip", "country", "first_seen", "request_uri", "user_agent", "response_code"] {
            #expect(wide.contains(name))
        }
        #expect(wide.contains(" (+29)") && !wide.contains("do not fit"))
        // A column without values is left out.
        #expect(!wide.contains("response_message"))
    }

    @Test(
        "has the requests of each outcome as numbers, which leave room for paths, and never hides that an address is claimed"
    )
    func outcomes() throws {
        let selection = RequestCollection.Selection(of: [.forbidden, .unauthorized, .allowed])
        var requests = RequestCollection(selection)
        for number in 0..<9 {
            var event = Self.event(number, agent: "curl/8.5.0", uri: "/api/v1/namespaces/\(number)")
            event.sourceIPs = ["2001:db8:1234:5678:9abc:def0:1234:5678", "203.0.113.99"]
            requests.add(event, of: number < 5 ? 0 : number < 8 ? 1 : 2)
        }
        let reports = requests.sources(within: nil).map {
            SourceReport($0, of: selection.analytics, at: .unknown)
        }
        let verified = reports.filter { $0.origin == .verified }
        for width in [80, 90, 100] {
            let head = ScanOutput.table(verified, withOutcomes: true, width: width).prefix { $0 != "\n" }
            for name in ["origin", "forbidden", "unauthorized", "allowed", "request_uri"] {
                #expect(head.contains(name), "\(width): \(head)")
            }
            #expect(head.contains("user_agent") == (width >= 90), "\(width): \(head)")
        }
        for width in [1, 20, 40] {
            for withOutcomes in [false, true] {
                let table = ScanOutput.table(reports, withOutcomes: withOutcomes, width: width)
                #expect(table.contains("5678  claimed") && table.contains("  verified"), "\(table)")
            }
        }
        let csv = ScanOutput.csv(verified, withOutcomes: true)
        #expect(csv.contains(#""count","forbidden","unauthorized","allowed","first_seen","#))
        #expect(csv.contains(#""verified","9","5","3","1","2026-"#), "\(csv)")
        #expect(!ScanOutput.csv(verified).contains("allowed\",\"first_seen"))
    }

    @Test("shows the value that was seen first, and how many others there are")
    func cells() {
        let reports = Self.reports([
            Self.event(2, agent: "b"), Self.event(1, agent: "a"), Self.event(3, agent: "a"), Self.event(4, agent: "c"),
        ])
        #expect(ScanOutput.table(reports, width: nil).contains("  a (+2)  "))
        #expect(ScanOutput.json(reports).contains(#""user_agent":["a","b","c"]"#))
    }

    static let hostileTexts = [
        "\u{1B}[2J\u{1B}]0;title\u{7}", "\u{9B}31m", "a\u{202E}b", "line\nfeed\ttab\rreturn", "\u{200B}\u{2028}",
        "quote\" back\\slash", "\u{0}", "\u{E000}\u{FFFE}",
    ]

    @Test("has no character of a client that affects a terminal, in any format", arguments: hostileTexts)
    func hostile(text: String) throws {
        let reports = Self.reports([Self.event(agent: text, uri: text)])
        for output in [ScanOutput.table(reports, width: nil), ScanOutput.csv(reports), ScanOutput.json(reports)] {
            let harmful = output.unicodeScalars.filter { $0.isInvisible && $0 != "\n" && $0 != "\r" }
            #expect(harmful.isEmpty, "\(harmful)")
        }
        #expect(ScanOutput.table(reports, width: nil).split(separator: "\n").count == 2)
        #expect(ScanOutput.csv(reports).split(separator: "\r\n").count == 2)
        let json = try JSONSerialization.jsonObject(with: Data(ScanOutput.json(reports).utf8)) as? [[String: Any]]
        #expect(json?.first?["user_agent"] as? [String] == [text])
    }

    @Test("in CSV is no formula of a spreadsheet, whatever it separates cells by")
    func csv() {
        for (text, cell) in [
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("＝1", "'＝1"),
            (#"=HYPERLINK("http://x","y")"#, #"'=HYPERLINK(""http://x"",""y"")"#), ("a,b", "a,b"),
            (#"say "hi""#, #"say ""hi"""#), (" =1", " '=1"), ("\t=1", #"\t=1"#), ("a;=1| @2", "a;'=1| '@2"),
            (#"a;"=1"#, #"a;""'=1"#), ("a=1; b-2", "a=1; b-2"),
        ] {
            let lines = ScanOutput.csv(Self.reports([Self.event(agent: text)])).split(separator: "\r\n")
            #expect(lines.count == 2)
            #expect(lines.last?.contains(#","list","/api","\#(cell)","403","#) == true, "\(lines)")
        }
        let two = ScanOutput.csv(Self.reports([Self.event(1, agent: "a"), Self.event(2, agent: "b")]))
        #expect(two.contains(#","a | b","#))
    }

    @Test("says how many values are left out, in each format")
    func leftOut() {
        let reports = Self.reports((0..<130).map { Self.event($0, agent: "agent \($0)") })
        #expect(ScanOutput.table(reports, width: nil).contains(" (+129)"))
        #expect(ScanOutput.json(reports).contains(#""values_left_out":{"user_agent":30}"#))
        #expect(ScanOutput.csv(reports).hasSuffix(#","user_agent: 30""# + "\r\n"))
    }

    @Test("is preceded by progress with rate and time left, on a terminal only")
    func progress() {
        let written = RecordedText()
        let terminal = ScanProgress(of: 4 << 30, columns: { 80 }) { written.text += $0 }
        #expect(
            terminal.text(1 << 30, after: .seconds(2)).first == "Reading: 1.0 GiB of 4.0 GiB, 512.0 MiB/s, 6s left")
        #expect(terminal.text(0, after: .zero).first == "Reading: 0 B of 4.0 GiB, 0 B/s")
        terminal.show(1000)
        terminal.clear()
        #expect(written.text.hasPrefix("\rReading: 1000 B of 4.0 GiB") && written.text.hasSuffix("\r\u{1B}[K"))

        let pipe = ScanProgress(of: nil, columns: { nil }) { written.text = "shown: \($0)" }
        #expect(pipe.text(3 << 19, after: .seconds(1)).first == "Reading: 1.5 MiB, 1.5 MiB/s")
        pipe.show(1000)
        pipe.clear()
        #expect(!written.text.hasPrefix("shown"))
    }

    @Test("is preceded by progress that never fills the line of a narrow terminal")
    func narrowProgress() {
        let start = ContinuousClock.now
        for total in [4 << 30, nil] {
            for width in 1...60 {
                let written = RecordedText()
                let progress = ScanProgress(of: total, columns: { width }, start: start) { written.text += $0 }
                progress.show(3 << 29, at: start + .seconds(2))
                let line = written.text.dropFirst().dropLast("\u{1B}[K".count)
                #expect(line.count < width, "\(line)")
                #expect(width < 8 || !line.isEmpty, "\(width)")
            }
        }
        let shown = ScanProgress(of: 4 << 30, columns: { 29 }, start: start) {
            #expect($0 == "\r1.5 GiB of 4.0 GiB, 4s left\u{1B}[K")
        }
        shown.show(3 << 29, at: start + .seconds(2))
    }

    private final class RecordedText {
        var text = ""
    }

    @Test(
        "needs flags that can be used; others are named with the correction",
        arguments: [
            (ScanOptions(files: [], format: "yaml"), #"--format: "yaml" is not known; give table, json or csv"#),
            (
                ScanOptions(files: [], threshold: "-1"),
                #"--threshold: "-1" is not in the range; give a whole number from 0 to 1000000000, such as 5"#
            ),
            (
                ScanOptions(files: [], window: "0s"),
                #"--window: "0s" cannot be used; give a duration such as 30m, 1h or 1d12h, or all"#
            ),
            (
                ScanOptions(files: [], since: "yesterday"),
                #"--since: "yesterday" cannot be used; give a time such as 2026-11-23T22:00:00Z or 2026-11-23, or a "#
                    + "duration back from now such as 24h"
            ),
            (
                ScanOptions(files: [], since: "1h", until: "2h"),
                "--since 1h: is not before --until; give an earlier time"
            ),
            (
                ScanOptions(files: [], trustedProxies: ["10.1.2.3/8"]),
                #"--source.trusted-proxy: "10.1.2.3/8" has bits after its prefix; give 10.0.0.0/8 for the network, or "#
                    + "10.1.2.3 for the address"
            ),
        ])
    func flags(options: ScanOptions, message: String) {
        #expect(throws: ConfigurationError.self) {
            do {
                _ = try ScanConfiguration(options, at: 1_795_000_000)
            } catch {
                #expect("\(error)" == message)
                throw error
            }
        }
    }

    @Test("takes times as RFC 3339, as dates and as durations back from now")
    func times() throws {
        let now = 1_795_478_400.0
        for (text, seconds) in [
            ("2026-11-23T22:00:00Z", 1_795_471_200), ("2026-11-23T23:00:00.5+01:00", 1_795_471_200.5),
            ("2026-11-23", 1_795_392_000), ("2h", now - 7200), ("1000y", now - 31_536_000_000),
        ] {
            let configuration = try ScanConfiguration(ScanOptions(files: [], since: text), at: now)
            #expect(configuration.selection.times == Int64(seconds * 1_000_000)..<Int64.max, "\(text)")
        }
    }
}
