public import AccessScanning
public import AuditEvents
public import AuditSources

/// One transaction: the changed counts together with the read positions, so that neither is ever ahead of the other.
public struct Checkpoint: Sendable, Hashable {
    /// The changes of the detection since the last checkpoint.
    public var detection: DetectionChanges
    /// The read positions that changed, in the order of their changes.
    public var positions: [FilePosition]
    /// The totals of reading.
    public var reading: ReadingTotals
    /// When the checkpoint was taken, in seconds since 1970.
    public var time: Double

    /// A checkpoint with this content.
    public init(detection: DetectionChanges, positions: [FilePosition], reading: ReadingTotals, time: Double) {
        self.detection = detection
        self.positions = positions
        self.reading = reading
        self.time = time
    }
}

/// The content of the store; a new one holds only a key.
public struct StoredState: Sendable, Hashable {
    /// The state of the detection.
    public var detection: DetectionState
    /// The read positions, least recently changed first.
    public var positions: [FilePosition] = []
    /// The totals of reading.
    public var reading = ReadingTotals()
    /// When the last checkpoint was taken, in seconds since 1970; `nil` if there was none.
    public var lastCheckpoint: Double?

    /// The content of a new store.
    public init(key: SipHash128.Key) {
        detection = DetectionState(key: key)
    }
}

/// What has been read since the state was created, by input.
public struct ReadingTotals: Sendable, Hashable {
    /// The totals of the inputs of one kind.
    public struct Input: Sendable, Hashable {
        /// Lines, or items of webhook bodies.
        public var lines: UInt64
        /// Their bytes, line feeds included.
        public var bytes: UInt64
        /// Lines that are no audit event, including oversized ones.
        public var malformed: UInt64
        /// Lines that were too long and were skipped.
        public var oversized: UInt64

        /// Totals; zero unless they are given.
        public init(lines: UInt64 = 0, bytes: UInt64 = 0, malformed: UInt64 = 0, oversized: UInt64 = 0) {
            self.lines = lines
            self.bytes = bytes
            self.malformed = malformed
            self.oversized = oversized
        }
    }

    /// By the name of the input. Inputs that a checkpoint leaves out stay as they are.
    public var inputs: [String: Input]
    /// The newest `stageTimestamp` read, in seconds since 1970. If it is `nil`, a checkpoint leaves it as it is.
    public var lastEventTimestamp: Double?

    /// Totals; none unless they are given.
    public init(inputs: [String: Input] = [:], lastEventTimestamp: Double? = nil) {
        self.inputs = inputs
        self.lastEventTimestamp = lastEventTimestamp
    }
}
