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

    /// Three requests with each text, from 192.0.2.7, which claims to be 203.0.113.9 and the text.
    static var log: Data {
        var log = Data()
        for text in texts {
            for _ in 0..<3 {
                var line = AuditLine(from: [text, "203.0.113.9", "192.0.2.7"], auditID: text)
                line.userAgent = text
                line.requestURI = text
                line.verb = text
                line.username = text
                line.groups.append(text)
                log.append(Data(line.text.utf8))
            }
        }
        return log
    }
}

extension ExporterProgram {
    /// Waits until the log of `HostileRequests` is counted.
    func untilRead() async throws {
        let read = "kube_audit_lines_total{input=\"file\"} \(3 * HostileRequests.texts.count)\n"
        try await eventually("all lines to be read") { try await metrics().contains(read) }
    }
}
