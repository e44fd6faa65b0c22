/// An event that a selector matched.
public struct SelectedEvent: Sendable, Hashable {
    /// The event.
    public var event: AuditEvent
    /// The first matching selector: its index in the list that the scanner was given.
    public var selector: Int

    /// An event and the index of its selector.
    public init(_ event: AuditEvent, selector: Int = 0) {
        self.event = event
        self.selector = selector
    }
}

/// The events found in a piece of a log or in a part of a webhook body.
public struct ScannedEvents: Sendable, Hashable {
    /// Maximum size of `malformed`; further malformed lines or items are only counted.
    public static let describedMalformedLimit = 16

    /// The selected events, in the order in which they were written.
    public var events: [SelectedEvent] = []
    /// Number of lines (of a log; empty ones excluded) or items (of an EventList or an envelope), selected or not.
    public var lines = 0
    /// Number of those lines that are not an audit event. Each piece of a torn line is a line.
    public var malformedCount = 0
    /// The first malformed ones.
    public var malformed: [MalformedEvent] = []
    /// Number of records of other programs in envelopes.
    public var foreign = 0
    /// Number of events that were cut off on their way.
    public var truncated = 0
    /// Number of bytes at the end that begin with a record that is not complete. They are scanned again together with
    /// what follows.
    public var rest = 0
    /// If a part of this record was read: where its beginning is, which is scanned again directly before the rest. The
    /// bytes between them were read.
    public var restHead: Range<Int>?
    /// Whether the last line has a fault and goes on behind the bytes: its rest is not to be scanned.
    public var skipsLine = false
    /// The `stageTimestamp` of the last line or item, selected or not, in seconds since 1970; `nil` if it has none.
    public var lastEventTimestamp: Double?

    /// Number of the bytes that are scanned again.
    public var keptBytes: Int { rest + (restHead?.count ?? 0) }

    /// Nothing found yet.
    public init() {}

    /// Adds what was found behind it.
    public mutating func append(_ other: ScannedEvents) {
        guard lines > 0 || malformedCount > 0 || !events.isEmpty else {
            self = other
            return
        }
        events += other.events
        lines += other.lines
        malformedCount += other.malformedCount
        foreign += other.foreign
        truncated += other.truncated
        rest = other.rest
        restHead = other.restHead
        skipsLine = other.skipsLine
        malformed += other.malformed.prefix(Self.describedMalformedLimit - malformed.count)
        lastEventTimestamp = other.lastEventTimestamp ?? lastEventTimestamp
    }

    /// - Parameter describe: Called only if the event is added to `malformed`.
    mutating func append(at offset: Int, describe: () -> MalformedEvent) {
        malformedCount += 1
        guard malformed.count < Self.describedMalformedLimit else { return }
        malformed.append(describe())
    }
}

/// A line of a log, or an item of a webhook body, that is not a valid audit event.
public struct MalformedEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// Its offset in bytes from the beginning of the scanned bytes.
    public var offset: Int
    /// The defect, in words.
    public var reason: String
    /// What it looks like; `nil` if that is not known, as for a part of an event.
    public var shape: RecordShape?
    /// The format with which it may be read; `nil` if it looks like none.
    public var format: AuditFormat?

    /// A malformed event at `offset`.
    public init(offset: Int, reason: String, shape: RecordShape? = nil, format: AuditFormat? = nil) {
        self.format = format
        self.offset = offset
        self.reason = reason
        self.shape = shape
    }

    /// The reason and the offset.
    public var description: String { "\(reason) at byte \(offset)" }
}
