/// What was found in a piece of a log or in the body of a webhook's request.
public struct ScannedEvents: Sendable, Hashable {
    /// How many malformed pieces are described in `malformed`; beyond it they are only counted.
    public static let describedMalformedLimit = 16

    /// The selected events, in the order in which they were written.
    public var events: [AuditEvent] = []
    /// How many lines (of a log; empty ones not counted) or items (of an EventList) there were, selected or not.
    public var lines = 0
    /// How many of the lines are no audit event.
    public var malformedCount = 0
    /// The first of the malformed ones.
    public var malformed: [MalformedEvent] = []
    /// The `stageTimestamp` of the last line or item, selected or not, in seconds since 1970; `nil` where it has none.
    public var lastEventTimestamp: Double?

    /// Nothing found yet.
    public init() {}

    mutating func append(_ malformedEvent: MalformedEvent) {
        malformedCount += 1
        if malformed.count < Self.describedMalformedLimit { malformed.append(malformedEvent) }
    }
}
