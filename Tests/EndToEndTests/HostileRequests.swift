import Foundation
import TestSupport

/// Requests whose every field that a client controls holds text that attacks a page or a terminal.
enum HostileRequests {
    static let texts = [
        "<script>document.title='attacked'</script>", "\"><img src=x onerror=\"document.title='attacked'\">",
        "'><svg/onload=document.title='attacked'>", "javascript:document.title='attacked'",
        "</code></li><h1>forged</h1>",
        "https://attacker.example/", "\u{1b}]0;attacked\u{7}\u{1b}[2J\u{9b}31m",
        "\u{202e}gpj.exe\u{2066}\u{2028}\u{feff}", "a\u{34f}\u{3164}\u{ffa0}\u{a0}\u{2800}\u{fe0f}\u{e0100}\u{17b4}b",
        "{{7*7}} ${7*7} <%= 7*7 %>", "&lt;b&gt;&#60;", "\u{0}\r\n\t", String(repeating: "<x>", count: 3000),
    ]

    /// The codes of the requests with each text: three that were refused, one that was not authenticated, and one that was
    /// allowed.
    static let codes = [403, 403, 403, 401, 200]

    /// Requests with each text, from 192.0.2.7, which claims to be 203.0.113.9 and the text.
    static var log: Data {
        var log = Data()
        for text in texts {
            for code in codes {
                var line = AuditLine(from: [text, "203.0.113.9", "192.0.2.7"], auditID: text)
                line.code = code
                line.userAgent = text
                line.requestURI = text
                line.verb = text
                line.username = code == 401 ? "" : text
                line.groups = code == 401 ? [] : line.groups + [text]
                log.append(Data(line.text.utf8))
            }
        }
        return log
    }
}

extension ExporterProgram {
    /// Waits until the log of `HostileRequests` is counted.
    func untilRead() async throws {
        let lines = HostileRequests.codes.count * HostileRequests.texts.count
        let read = "kube_audit_lines_total{input=\"file\"} \(lines)\n"
        try await eventually("all lines to be read") { try await metrics().contains(read) }
    }
}
