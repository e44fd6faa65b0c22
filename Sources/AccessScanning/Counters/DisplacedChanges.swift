/// What was changed of the counters that gave way: whole pages of them, by number.
public struct DisplacedChanges: Sendable, Hashable {
    /// The pages that changed, as they are now.
    public var pages: [Int: [DisplacedCounter]]
    /// How many pages there are; what was kept past them is no more.
    public var pageCount: Int
    /// Where the next one will be put.
    public var next: Int
    /// Requests that a scan may hide among.
    public var untrackedRequests: UInt64

    /// Changes; none unless they are given.
    public init(
        pages: [Int: [DisplacedCounter]] = [:], pageCount: Int = 0, next: Int = 0, untrackedRequests: UInt64 = 0
    ) {
        self.pages = pages
        self.pageCount = pageCount
        self.next = next
        self.untrackedRequests = untrackedRequests
    }
}
