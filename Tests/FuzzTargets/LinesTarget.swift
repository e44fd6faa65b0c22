import AuditEvents

/// The result for a log does not depend on how it is split into reads, as long as they end with a line.
enum LinesTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        var scanner = EventScanner(selecting: EventSelector.ofOutcomes)
        let whole = scanner.scan(lines: bytes.span.bytes)
        var sum = ScannedEvents()
        for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == 0 }).map(Array.init) {
            // The same scanner: state of one call must not be visible in the next one.
            let found = scanner.scan(lines: line.span.bytes)
            sum.events += found.events
            sum.lines += found.lines
            sum.malformedCount += found.malformedCount
            if found.lines > 0 { sum.lastEventTimestamp = found.lastEventTimestamp }
        }
        try Disagreement.unless(whole.events == sum.events, "at once \(whole.events), by lines \(sum.events)")
        try Disagreement.unless(whole.lines == sum.lines, "at once \(whole.lines) lines, by lines \(sum.lines)")
        try Disagreement.unless(
            whole.malformedCount == sum.malformedCount,
            "at once \(whole.malformedCount) malformed, by lines \(sum.malformedCount)")
        try Disagreement.unless(
            whole.lastEventTimestamp == sum.lastEventTimestamp,
            "at once \(String(describing: whole.lastEventTimestamp)), by lines \(String(describing: sum.lastEventTimestamp))"
        )
        try Disagreement.unless(
            whole.malformed.allSatisfy { bytes.indices.contains($0.offset) }
                && whole.malformed.map(\.offset) == whole.malformed.map(\.offset).sorted(),
            "malformed lines are not where they should be: \(whole.malformed)")
    }
}
