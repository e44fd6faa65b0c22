import AuditEvents

/// The result for a log does not depend on how it is split into reads.
enum LinesTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        try run(bytes, as: .auto)
    }

    static func run(_ bytes: [UInt8], as format: AuditFormat) throws(Disagreement) {
        var scanner = EventScanner(selecting: EventSelector.ofOutcomes)
        let whole = scanner.scan(lines: bytes.span.bytes, as: format)
        var sum = ScannedEvents()
        var kept: [UInt8] = []
        var place = bytes.startIndex
        while place < bytes.endIndex {
            let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.endIndex
            kept += bytes[place..<end]
            place = end
            // The same scanner: state of one call must not be visible in the next one.
            let found = scanner.scan(lines: kept.span.bytes, as: format, isLast: end == bytes.endIndex)
            try Disagreement.unless(found.keptBytes <= kept.count, "more is left over than there was")
            sum.events += found.events
            sum.lines += found.lines
            sum.malformedCount += found.malformedCount
            sum.foreign += found.foreign
            sum.truncated += found.truncated
            kept = (found.restHead.map { Array(kept[$0]) } ?? []) + kept.suffix(found.rest)
        }
        try Disagreement.unless(kept.isEmpty, "\(kept.count) bytes are left over at the end")
        try Disagreement.unless(whole.events == sum.events, "at once \(whole.events), by lines \(sum.events)")
        for (name, value) in [
            ("lines", \ScannedEvents.lines), ("malformed", \.malformedCount), ("foreign", \.foreign),
            ("truncated", \.truncated),
        ] {
            let (atOnce, byLines) = (whole[keyPath: value], sum[keyPath: value])
            try Disagreement.unless(atOnce == byLines, "\(name): at once \(atOnce), by lines \(byLines)")
        }
        try Disagreement.unless(
            whole.malformedCount + whole.foreign + whole.truncated + whole.events.count <= whole.lines,
            "more records than lines: \(whole)")
        try Disagreement.unless(
            whole.malformed.allSatisfy { bytes.indices.contains($0.offset) }
                && whole.malformed.map(\.offset) == whole.malformed.map(\.offset).sorted(),
            "malformed lines are not where they should be: \(whole.malformed)")
    }
}

/// The same of a log in the form that the first byte names.
enum EnvelopesTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        guard let first = bytes.first else { return }
        let format = AuditFormat.allCases[Int(first) % AuditFormat.allCases.count]
        try LinesTarget.run(Array(bytes.dropFirst()), as: format)
    }
}
