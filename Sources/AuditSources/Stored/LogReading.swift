public import AuditEvents

/// Findings in a stored log, or in a part of it, other than events.
public struct LogReading: Sendable, Hashable {
    /// Lines, without empty ones.
    public private(set) var lines = 0
    /// Lines that are not an audit event, oversized ones included.
    public private(set) var malformedCount = 0
    /// The first one, with its offset in the log.
    public private(set) var firstMalformed: MalformedEvent?
    /// The first line that may hold audit events in another form, such as an envelope: they are not counted.
    public private(set) var firstWrapped: MalformedEvent?
    /// Records of other programs in envelopes.
    public private(set) var foreign = 0
    /// Events that were cut off on their way.
    public private(set) var truncated = 0
    /// Whether it holds audit events, wanted or not.
    public private(set) var holdsAuditEvents = false
    /// The first bytes of the log, at most its first line.
    public private(set) var beginning: [UInt8] = []
    /// Why it was not read to its end; `nil` if it was.
    public internal(set) var problem: StoredLogProblem?
    /// Whether a part has a record that is not a line of usual length. Where that ends is known only to a reader of the
    /// whole log, so what was found in parts is not to be used.
    public internal(set) var needsWholeLog = false

    private static let beginningLimit = 512
    private static let searchedLength = 64 << 10

    /// Nothing was read yet, unless a problem is given: then the log cannot be opened.
    public init(problem: StoredLogProblem? = nil) {
        self.problem = problem
    }

    /// Adds what another part of the same log has; the order does not matter.
    public mutating func add(_ other: LogReading) {
        lines += other.lines
        malformedCount += other.malformedCount
        foreign += other.foreign
        truncated += other.truncated
        firstMalformed = [firstMalformed, other.firstMalformed].compactMap(\.self).min { $0.offset < $1.offset }
        firstWrapped = [firstWrapped, other.firstWrapped].compactMap(\.self).min { $0.offset < $1.offset }
        holdsAuditEvents = holdsAuditEvents || other.holdsAuditEvents
        if beginning.isEmpty { beginning = other.beginning }
        problem = [problem, other.problem].compactMap(\.self).min { $0.reason < $1.reason }
        needsWholeLog = needsWholeLog || other.needsWholeLog
    }

    /// Scans the lines of a piece.
    ///
    /// - Returns: What was found; its last bytes may begin a record that is not complete.
    @discardableResult
    mutating func scan(
        _ step: RangeReader.Step, _ lines: borrowing LineBuffer, as format: AuditFormat,
        _ scanner: inout EventScanner, _ take: (borrowing EventView) -> Void
    ) -> ScannedEvents {
        let piece = step.piece
        if piece.offset == 0, beginning.isEmpty {
            beginning = Array(
                lines.bytes[..<min(piece.length, Self.beginningLimit)].prefix { $0 != 10 && $0 != 0 })
        }
        for offset in piece.oversizedLines {
            note(MalformedEvent(offset: offset, reason: "a line longer than 16 MiB"), count: 1)
            self.lines += 1
        }
        guard piece.length > 0 else { return ScannedEvents() }
        var hasEvents = false
        let found = scanner.scan(
            lines: lines.bytes.span.bytes.extracting(0..<piece.length), as: format, isLast: step.isLast,
            isContinued: piece.isContinued, findsTime: !holdsAuditEvents
        ) { event in
            hasEvents = true
            take(event)
        }
        self.lines += found.lines
        foreign += found.foreign
        truncated += found.truncated
        let text = lines.bytes[..<(piece.length - found.rest)]
        var malformed = found.malformed
        var malformedCount = found.malformedCount
        // A record that is read in parts is no line.
        let isInParts = piece.isContinued || found.restHead != nil
        if format == .auto, !isInParts, let line = firstLine(in: text, besides: malformed, &scanner) {
            malformed.insert(line, at: 0)
            // Which other lines are the first of a piece depends on the reads.
            if piece.offset == 0 { malformedCount += 1 }
        }
        if malformedCount > 0, var first = malformed.first {
            first.offset += piece.offset
            note(first, count: malformedCount)
        }
        if firstWrapped == nil,
            var wrapped = malformed.first(where: { Self.mayHoldEvents($0, text, of: malformedCount) })
        {
            wrapped.offset += piece.offset
            firstWrapped = wrapped
        }
        if !holdsAuditEvents {
            // The scanner looks at the last line only. Where that is torn, the others show by their text what they are,
            // unless they are envelopes.
            holdsAuditEvents =
                hasEvents || found.lastEventTimestamp != nil
                || malformedCount + found.foreign + found.truncated < found.lines
                    && malformed.allSatisfy { $0.shape == nil }
                    && Self.namesAuditEvents(text.prefix(Self.searchedLength))
        }
        return found
    }

    private mutating func note(_ malformed: MalformedEvent, count: Int) {
        malformedCount += count
        if firstMalformed.map({ malformed.offset < $0.offset }) ?? true { firstMalformed = malformed }
    }

    /// The first line of a piece if it is not an audit event, and the scanner did not report it, because it cannot hold a
    /// wanted event: so an envelope is recognized, although no request in it matters.
    private func firstLine(
        in text: ArraySlice<UInt8>, besides malformed: [MalformedEvent], _ scanner: inout EventScanner
    ) -> MalformedEvent? {
        guard let start = text.firstIndex(where: { ![0, 9, 10, 13, 32].contains($0) }) else { return nil }
        // Almost all lines; they need no second look.
        guard text[start] == UInt8(ascii: "{"), !text[start...].starts(with: Self.eventHead) else { return nil }
        let end = text[start...].firstIndex { $0 == 10 || $0 == 0 } ?? text.endIndex
        guard !malformed.contains(where: { (start..<end).contains($0.offset) }) else { return nil }
        guard let shape = scanner.foreignShape(ofLine: text[start..<end].span.bytes) else { return nil }
        let line = MalformedEvent(offset: start, reason: "not an audit event", shape: shape)
        return Self.mayHoldEvents(line, text, of: 1) ? line : nil
    }

    private static let eventHead = Array(#"{"kind":"Event","apiVersion":"audit.k8s.io/"#.utf8)

    /// Whether a line that is not an audit event has text of audit events; of an event that is printed over several lines,
    /// one of those behind it has. A part of an event has no shape.
    ///
    /// - Parameter count: How many lines of the text are not audit events.
    private static func mayHoldEvents(
        _ malformed: MalformedEvent, _ text: ArraySlice<UInt8>, of count: Int
    ) -> Bool {
        let behind = text[malformed.offset...].prefix(searchedLength)
        switch malformed.shape {
        case nil, .programLog: return false
        // The end of an event, as at the beginning of a log that was cut, looks like this too.
        case .printed: return count > 1 && namesAuditEvents(behind)
        default: return namesAuditEvents(behind.prefix { $0 != 10 })
        }
    }

    private static func namesAuditEvents(_ bytes: ArraySlice<UInt8>) -> Bool {
        // An encoder may have escaped the slash behind it.
        bytes.firstRange(of: Array("audit.k8s.io".utf8)) != nil
    }
}
