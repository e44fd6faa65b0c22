public import AuditEvents

/// What was read in one go: whole lines, what was found in them, and where reading goes on once they are counted.
public struct InputBatch: Sendable, Hashable {
    /// Where it comes from.
    public var input: InputKind
    /// The log's path as it was opened; `-` for standard input, `webhook` for a webhook's body.
    public var path: String
    /// What was found. Offsets of malformed lines are those in the log.
    public var scanned: ScannedEvents
    /// Bytes of the lines read and of those skipped.
    public var bytes: Int
    /// Offsets in the log of lines that were longer than `LineBuffer.lineLimit` and were skipped.
    public var oversizedLines: [Int]
    /// Where reading goes on once this batch is counted, in files for which that changed. There are batches that bring
    /// nothing else.
    public var positions: [FilePosition]
    /// What was lost since the last batch.
    public var losses: [LogLoss]

    /// A batch.
    public init(
        input: InputKind, path: String, scanned: ScannedEvents, bytes: Int, oversizedLines: [Int] = [],
        positions: [FilePosition] = [], losses: [LogLoss] = []
    ) {
        self.input = input
        self.path = path
        self.scanned = scanned
        self.bytes = bytes
        self.oversizedLines = oversizedLines
        self.positions = positions
        self.losses = losses
    }
}

/// What became of a batch.
public enum Acknowledgement: Sendable, Hashable {
    /// It is counted, and will be written and shown soon.
    case accepted
    /// It is counted, written and shown.
    case committed
    /// It is not counted and must be sent or read again. The reason is for people.
    case unavailable(reason: String)
}

/// Takes a batch. The next batch of the same input comes when it returns.
public typealias BatchHandler = @Sendable (InputBatch) async throws -> Acknowledgement
