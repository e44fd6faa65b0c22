public import AccessScanning
public import AuditEvents
public import AuditSources

/// The content of the store; a new one holds only a key.
public struct StoredState: Sendable, Hashable {
    /// What was counted.
    public var detection: DetectionState
    /// How far files were read, the one that changed longest ago first.
    public var positions: [FilePosition] = []
    /// What was read.
    public var reading = ReadingTotals()
    /// When it was written, in seconds since 1970; `nil` where nothing was yet.
    public var lastCheckpoint: Double?

    /// The content of a new store.
    public init(key: SipHash128.Key) {
        detection = DetectionState(key: key)
    }
}
