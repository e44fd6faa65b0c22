public import AccessScanning
public import AuditSources

/// One transaction: what was counted and how far was read, together, so that neither is ever ahead of the other.
public struct Checkpoint: Sendable, Hashable {
    /// What the detection changed since the last checkpoint.
    public var detection: DetectionChanges
    /// How far logs were read: the positions that changed, in their order.
    public var positions: [FilePosition]
    /// What was read, in all.
    public var reading: ReadingTotals
    /// When that is, in seconds since 1970.
    public var time: Double

    /// What is to be kept.
    public init(detection: DetectionChanges, positions: [FilePosition], reading: ReadingTotals, time: Double) {
        self.detection = detection
        self.positions = positions
        self.reading = reading
        self.time = time
    }
}
