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
