public import AccessScanning
public import AuditEvents
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

/// What was read, by input, since the state was begun.
public struct ReadingTotals: Sendable, Hashable {
    /// What was read from the inputs of one kind.
    public struct Input: Sendable, Hashable {
        /// Lines, or items of webhook bodies.
        public var lines: UInt64
        /// Bytes of them, line feeds included.
        public var bytes: UInt64
        /// Lines that are no audit event, oversized ones among them.
        public var malformed: UInt64
        /// Lines that were too long to read.
        public var oversized: UInt64

        /// So much was read.
        public init(lines: UInt64 = 0, bytes: UInt64 = 0, malformed: UInt64 = 0, oversized: UInt64 = 0) {
            self.lines = lines
            self.bytes = bytes
            self.malformed = malformed
            self.oversized = oversized
        }
    }

    /// By the input's name. In a checkpoint, an input that is not told of is as it was.
    public var inputs: [String: Input]
    /// The newest `stageTimestamp` read, in seconds since 1970; `nil` in a checkpoint: as it was.
    public var lastEventTimestamp: Double?

    /// Nothing read, unless it is given.
    public init(inputs: [String: Input] = [:], lastEventTimestamp: Double? = nil) {
        self.inputs = inputs
        self.lastEventTimestamp = lastEventTimestamp
    }
}
