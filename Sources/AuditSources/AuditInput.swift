public import AuditEvents

/// How events reach the exporter; the value of the label `input`.
public enum InputKind: String, Sendable, Hashable, CaseIterable {
    /// A log that is followed, or a FIFO.
    case file
    /// Standard input.
    case stdin
    /// The API server's audit webhook.
    case webhook
}

/// Where events come from: batches go out, acknowledgements come back.
public protocol AuditInput: Sendable {
    /// The value of the label `input` for what it delivers.
    var kind: InputKind { get }

    /// Delivers batches until the input ends or the task is cancelled.
    ///
    /// - Throws: What `deliver` throws.
    func run(_ deliver: @escaping BatchHandler) async throws
}

extension AuditInput {
    /// Delivers a batch until it is taken: an input that has read on cannot go back.
    ///
    /// - Returns: Whether it was taken; `false` once the task is cancelled.
    func deliver(_ batch: InputBatch, to handler: BatchHandler) async throws -> Bool {
        while case .unavailable = try await handler(batch) {
            guard !Task.isCancelled else { return false }
            try? await Task.sleep(for: .seconds(1))
        }
        return true
    }
}

/// Takes a batch. The next batch of the same input comes when it returns.
public typealias BatchHandler = @Sendable (InputBatch) async throws -> Acknowledgement

/// Takes the condition of logs whenever that may have changed.
public typealias LogReport = @Sendable ([LogState]) async -> Void

/// The result of one read: whole lines, the events in them, and the position to continue from once they are counted.
public struct InputBatch: Sendable, Hashable {
    /// The kind of input that it comes from.
    public var input: InputKind
    /// The log's path as it was opened; `-` for standard input, `webhook` for a webhook's body.
    public var path: String
    /// The events found. Offsets of malformed lines are those in the log.
    public var scanned: ScannedEvents
    /// Bytes of the lines read and of those skipped.
    public var bytes: Int
    /// Offsets in the log of lines that were longer than `LineBuffer.lineLimit` and were skipped.
    public var oversizedLines: [Int]
    /// Where reading goes on once this batch is counted, in files for which that changed. Some batches bring nothing
    /// else.
    public var positions: [FilePosition]
    /// Losses since the last batch.
    public var losses: [LogLoss]
    /// Whether the sender waits until the batch, and those before it, are written.
    public var awaitsCommit: Bool
    /// Requests whose `stageTimestamp` is earlier are not counted, in seconds since 1970; `nil` if all count.
    public var countsFrom: Double?

    /// A batch without losses, unless they are given.
    public init(
        input: InputKind, path: String, scanned: ScannedEvents, bytes: Int, oversizedLines: [Int] = [],
        positions: [FilePosition] = [], losses: [LogLoss] = [], awaitsCommit: Bool = false,
        countsFrom: Double? = nil
    ) {
        self.input = input
        self.path = path
        self.scanned = scanned
        self.bytes = bytes
        self.oversizedLines = oversizedLines
        self.positions = positions
        self.losses = losses
        self.awaitsCommit = awaitsCommit
        self.countsFrom = countsFrom
    }
}

/// The outcome of a batch.
public enum Acknowledgement: Sendable, Hashable {
    /// It is counted, and will be written and shown soon.
    case accepted
    /// It is counted, written and shown.
    case committed
    /// It is not counted and must be sent or read again. The reason is in words.
    case unavailable(reason: String)
}

/// Lines that were written to a log and can never be read.
public struct LogLoss: Sendable, Hashable {
    /// The path under which the log is followed.
    public var path: String
    /// How far it had been read.
    public var offset: Int
    /// Known bytes lost after `offset`; there may have been more.
    public var knownBytes: Int
    /// The cause, in words.
    public var reason: String

    /// Creates a loss.
    public init(path: String, offset: Int, knownBytes: Int, reason: String) {
        self.path = path
        self.offset = offset
        self.knownBytes = knownBytes
        self.reason = reason
    }
}

/// Where reading of a log began. It is noted once per log and start of the exporter, not after rotations.
public struct LogStart: Sendable, Hashable {
    /// The place at which reading began.
    public enum Place: Sendable, Hashable {
        /// The first byte of a log that was not read before.
        case start(StartingPoint)
        /// The byte up to which the log was read before.
        case resumed(offset: Int)
    }

    /// The path under which the log was opened.
    public var path: String
    /// The place at which reading began.
    public var place: Place

    /// Creates a note.
    public init(path: String, place: Place) {
        self.path = path
        self.place = place
    }
}

/// The condition of a log that is named on the command line.
public struct LogState: Sendable, Hashable {
    /// The most logs of a glob whose start is noted.
    public static let noteLimit = 1000

    /// The path or the glob as it was given.
    public var log: String
    /// Why it cannot be read, for people; `nil` while it can.
    public var problem: String?
    /// Bytes in it that were not read yet.
    public var unreadBytes: Int
    /// Failed reads since the start.
    public var readErrors: UInt64
    /// Truncations in place since the start.
    public var truncations: UInt64
    /// The logs that were begun since the start of the exporter, each path once, at most `noteLimit`.
    public var starts: [LogStart]
    /// Lines read since the start.
    public var lines: UInt64
    /// Selected events found since the start.
    public var events: UInt64
    /// Files that the flag matches and that are not followed, with the reason, by path.
    public var notFollowed: [String: String]
    /// Rotated files of it that were found and cannot be read, with the reason, by path.
    public var unreadRotated: [String: String]
    /// Logs that several flags name with different forms of records, by path; they are read in the first one.
    public var ambiguousFormats: [String: [AuditFormat]] = [:]

    /// A log that can be read, unless a problem is given.
    public init(
        log: String, problem: String? = nil, unreadBytes: Int = 0, readErrors: UInt64 = 0, truncations: UInt64 = 0,
        starts: [LogStart] = [], lines: UInt64 = 0, events: UInt64 = 0, notFollowed: [String: String] = [:],
        unreadRotated: [String: String] = [:]
    ) {
        self.log = log
        self.problem = problem
        self.unreadBytes = unreadBytes
        self.readErrors = readErrors
        self.truncations = truncations
        self.starts = starts
        self.lines = lines
        self.events = events
        self.notFollowed = notFollowed
        self.unreadRotated = unreadRotated
    }

    /// Notes where a log was begun.
    mutating func note(_ start: LogStart) {
        guard starts.count < Self.noteLimit, !starts.contains(where: { $0.path == start.path }) else { return }
        starts.append(start)
    }

    /// Notes lines that were read.
    mutating func note(_ scanned: ScannedEvents) {
        lines &+= UInt64(scanned.lines)
        events &+= UInt64(scanned.events.count)
    }
}
