public import AuditEvents

/// What was found in a stored log, or in a part of it, besides the events.
public struct LogReading: Sendable, Hashable {
    /// Lines, without empty ones.
    public private(set) var lines = 0
    /// Lines that are not an audit event, oversized ones included.
    public private(set) var malformedCount = 0
    /// The first one, with its offset in the log.
    public private(set) var firstMalformed: MalformedEvent?
    /// Whether it holds audit events, wanted or not.
    public private(set) var holdsAuditEvents = false
    /// The first bytes of the log, at most its first line.
    public private(set) var beginning: [UInt8] = []
    /// Why it was not read to its end; `nil` if it was.
    public internal(set) var problem: StoredLogProblem?

    private static let beginningLimit = 512

    /// Nothing was read yet, unless a problem is given: then the log cannot be opened.
    public init(problem: StoredLogProblem? = nil) {
        self.problem = problem
    }

    /// Adds what another part of the same log has; the order does not matter.
    public mutating func add(_ other: LogReading) {
        lines += other.lines
        malformedCount += other.malformedCount
        firstMalformed = [firstMalformed, other.firstMalformed].compactMap(\.self).min { $0.offset < $1.offset }
        holdsAuditEvents = holdsAuditEvents || other.holdsAuditEvents
        if beginning.isEmpty { beginning = other.beginning }
        problem = [problem, other.problem].compactMap(\.self).min { $0.reason < $1.reason }
    }

    /// Scans the lines of a piece.
    mutating func scan(
        _ step: RangeReader.Step, _ lines: borrowing LineBuffer, _ scanner: inout EventScanner,
        _ take: ([SelectedEvent], Int) -> Void
    ) {
        let piece = step.piece
        if piece.offset == 0, beginning.isEmpty {
            beginning = Array(
                lines.bytes[..<min(piece.length, Self.beginningLimit)].prefix { $0 != 10 && $0 != 0 })
        }
        for offset in piece.oversizedLines {
            note(MalformedEvent(offset: offset, reason: "a line longer than 16 MiB"), count: 1)
            self.lines += 1
        }
        guard piece.length > 0 else { return take([], step.storedBytes) }
        let found = scanner.scan(lines: lines.bytes.span.bytes.extracting(0..<piece.length))
        self.lines += found.lines
        if var first = found.malformed.first {
            first.offset += piece.offset
            note(first, count: found.malformedCount)
        }
        if !holdsAuditEvents {
            // The scanner looks at the last line only. Where that is torn, the others show by their text what they are,
            // unless they are envelopes.
            holdsAuditEvents =
                !found.events.isEmpty || found.lastEventTimestamp != nil
                || found.malformedCount < found.lines && found.malformed.allSatisfy { $0.shape == nil }
                    && Self.namesAuditEvents(lines.bytes[..<piece.length])
        }
        take(found.events, step.storedBytes)
    }

    private mutating func note(_ malformed: MalformedEvent, count: Int) {
        malformedCount += count
        if firstMalformed.map({ malformed.offset < $0.offset }) ?? true { firstMalformed = malformed }
    }

    private static func namesAuditEvents(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.prefix(64 << 10).firstRange(of: Array("audit.k8s.io/".utf8)) != nil
    }
}
