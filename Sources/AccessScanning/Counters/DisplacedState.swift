/// The counters that gave way, as they were kept.
public struct DisplacedState: Sendable, Hashable {
    /// All pages, one behind the other.
    public var entries: [DisplacedCounter]
    /// Where the next one is to be put.
    public var next: Int
    /// Requests that a scan may hide among.
    public var untrackedRequests: UInt64

    /// What was kept; nothing unless it is given.
    public init(entries: [DisplacedCounter] = [], next: Int = 0, untrackedRequests: UInt64 = 0) {
        self.entries = entries
        self.next = next
        self.untrackedRequests = untrackedRequests
    }
}
