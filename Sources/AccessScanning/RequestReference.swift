/// Where to find a counted request in the audit log.
public struct RequestReference: Sendable, Hashable {
    /// The longest audit ID that is kept, in bytes.
    ///
    /// A client chooses it by a header and may make it as long as headers may be; kept with each source, that would fill
    /// the memory. Those that API servers make are UUIDs.
    public static let auditIDLimit = 128

    /// Its audit ID, which the client may have chosen; empty where it is longer than the limit, for a part of it would
    /// find nothing.
    public let auditID: String
    /// Its `requestReceivedTimestamp`, in seconds since 1970; `nil` where the event has none.
    public internal(set) var received: Double?

    /// A request with this ID.
    public init(auditID: String, received: Double?) {
        self.auditID = auditID.utf8.count <= Self.auditIDLimit ? auditID : ""
        self.received = received
    }
}
