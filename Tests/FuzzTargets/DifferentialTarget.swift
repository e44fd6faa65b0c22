import AuditEvents
import TestSupport

/// The fast scan agrees with a full parse on the meaning of one line.
enum DifferentialTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let line = bytes.filter { $0 != UInt8(ascii: "\n") }
        guard ReferenceLimits.covers(line) else { return }
        var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
        let found = scanner.scan(lines: line.span.bytes)
        let reading = FoundationReference.read(line, selecting: .unauthenticatedForbidden)
        switch reading {
        case .selected(let event):
            try Disagreement.unless(found.events == [SelectedEvent(event)], "expected \(event), found \(found)")
            try Disagreement.unless(found.malformedCount == 0, "not malformed: \(found.malformed)")
        case .other:
            try Disagreement.unless(found.events == [], "not to be selected: \(found.events)")
            try Disagreement.unless(found.malformedCount == 0, "not malformed: \(found.malformed)")
        case .malformed:
            try Disagreement.unless(found.events == [], "malformed, and selected: \(found.events)")
            let mayMatter = String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
            try Disagreement.unless(!mayMatter || found.malformedCount == 1, "malformed, and not said: \(found)")
        }
    }
}
