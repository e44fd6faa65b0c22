import AuditEvents
import TestSupport

/// The fast scan agrees with a full parse on the meaning of one line.
enum DifferentialTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let line = bytes.filter { $0 != UInt8(ascii: "\n") }
        // A long line is not parsed for what its other members hold.
        let isLong = line.count >= 4096
        let mayMatter = !isLong && String(decoding: line, as: UTF8.self).contains("system:unauthenticated")
        guard ReferenceLimits.covers(line), holdsOneRecord(line) else { return }
        var scanner = EventScanner(selecting: EventSelector.ofOutcomes)
        let found = scanner.scan(lines: line.span.bytes)
        let reading = FoundationReference.read(line, selecting: EventSelector.ofOutcomes)
        switch reading {
        case .selected(let selected) where selected.selector == 1 && found.events == []:
            // The only difference that is allowed.
            try Disagreement.unless(
                PlainCodes.mayBeSpelledOtherwise(line), "expected \(selected), found nothing, and the code is plain")
        case .selected(let selected):
            try Disagreement.unless(found.events == [selected], "expected \(selected), found \(found)")
            try Disagreement.unless(found.malformedCount == 0, "not malformed: \(found.malformed)")
        case .other:
            try Disagreement.unless(found.events == [], "not to be selected: \(found.events)")
            try Disagreement.unless(found.malformedCount == 0, "not malformed: \(found.malformed)")
        case .notAnEvent:
            try Disagreement.unless(found.events == [], "not to be selected: \(found.events)")
            try Disagreement.unless(!mayMatter || found.malformedCount == 1, "no event, and not said: \(found)")
        case .malformed where TornLines.mayBeTorn(line):
            try Disagreement.unless(found.malformedCount <= found.lines, "more malformed than pieces: \(found)")
        case .malformed:
            try Disagreement.unless(found.events == [], "malformed, and selected: \(found.events)")
            try Disagreement.unless(!mayMatter || found.malformedCount == 1, "malformed, and not said: \(found)")
        }
    }

    /// Arrays, EventLists and objects behind each other hold several events; the reference reads one.
    private static func holdsOneRecord(_ line: [UInt8]) -> Bool {
        let text = line.filter { ![0x09, 0x0D, 0x20].contains($0) }
        return text.first != UInt8(ascii: "[") && text.firstRange(of: Array("}{".utf8)) == nil
            && text.firstRange(of: Array("List".utf8)) == nil
    }
}

/// Lines in which one event begins within another, which a parser of whole lines does not read.
enum TornLines {
    private static let head = #"{"kind":"Event","apiVersion":"audit.k8s.io/"#

    /// Whether a line begins as an event, or a part of one, and another one begins in it.
    static func mayBeTorn(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.ranges(of: head).contains { $0.lowerBound > text.startIndex }
    }
}
