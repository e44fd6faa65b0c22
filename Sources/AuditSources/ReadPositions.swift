public import AuditEvents
import Glibc

/// The position up to which a file of a log was read.
public struct FilePosition: Sendable, Hashable, Codable {
    /// The canonical path of the log, whatever the file's name is now: its directory without symlinks, and its name.
    public var path: String
    /// The file; `Inode.none` if it is identified by its content alone.
    public var inode: Inode
    /// The first byte that was not read as part of a whole line, or of an item of an open record. For a compressed file,
    /// in its decompressed content.
    public var offset: Int
    /// The head of the open record: its bytes before the first item. `nil` if no part of a record was read.
    public var head: Range<Int>?
    /// The fingerprint of the bytes before `offset`.
    public var fingerprint: Fingerprint
    /// Whether the byte at `offset` is within an oversized line, which is skipped to its end.
    public var isInSkippedLine: Bool
    /// The file's size at the last read, in bytes.
    public var size: Int
    /// Whether no more bytes are expected from this file.
    public var isFinished: Bool
    /// Events with an earlier `stageTimestamp` are not counted, in seconds since 1970; `nil` if all count.
    public var countsFrom: Double?
    /// A hash of the first line, which files of the same content share; `nil` if it is not known.
    public var beginning: UInt64?
    /// Earlier positions, in the order of their offsets. They show how far a file that became shorter is still the same.
    public var marks: [Mark]

    /// An earlier position: the beginning of a line.
    public struct Mark: Sendable, Hashable, Codable {
        /// In bytes.
        public var offset: Int
        /// The fingerprint of the bytes before `offset`.
        public var fingerprint: Fingerprint

        /// The beginning of a line at `offset`.
        public init(offset: Int, fingerprint: Fingerprint) {
            self.offset = offset
            self.fingerprint = fingerprint
        }
    }

    /// A position in a file that may grow, unless given otherwise.
    public init(
        path: String, inode: Inode, offset: Int, fingerprint: Fingerprint, isInSkippedLine: Bool = false, size: Int = 0,
        isFinished: Bool = false, countsFrom: Double? = nil, beginning: UInt64? = nil, marks: [Mark] = [],
        head: Range<Int>? = nil
    ) {
        self.path = path
        self.inode = inode
        self.offset = offset
        self.fingerprint = fingerprint
        self.isInSkippedLine = isInSkippedLine
        self.size = size
        self.isFinished = isFinished
        self.countsFrom = countsFrom
        self.beginning = beginning
        self.marks = marks
        self.head = head
    }

    /// The longest head of an open record, in bytes; see `OpenRecord` in the scanner.
    public static let longestHead = 64 << 10

    /// Where reading goes on.
    var place: ReadPlace { ReadPlace(offset: offset, isInSkippedLine: isInSkippedLine, head: head) }

    /// The same position in a file that is identified by its content alone.
    var withoutInode: FilePosition {
        var position = self
        position.inode = .none
        return position
    }
}

/// A place in a log where reading goes on.
struct ReadPlace: Hashable {
    /// See `FilePosition.offset`.
    var offset: Int
    /// See `FilePosition.isInSkippedLine`.
    var isInSkippedLine = false
    /// See `FilePosition.head`.
    var head: Range<Int>?
}

/// The identity of a file, which a rename does not change.
public struct Inode: Sendable, Hashable, Codable {
    /// The device's number.
    public var device: UInt64
    /// The file's number on the device.
    public var number: UInt64

    /// The inode of no file.
    public static let none = Inode(device: 0, number: 0)

    /// The file with this number on this device.
    public init(device: UInt64, number: UInt64) {
        self.device = device
        self.number = number
    }

    init(_ information: stat) {
        self.init(device: UInt64(information.st_dev), number: UInt64(information.st_ino))
    }

    /// The inode of the file at a path; `nil` if `stat` fails.
    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        self.init(information)
    }
}

/// A hash of the last bytes before a read position. It shows whether a file contains the bytes that were read there.
///
/// It is not a hash of the file's first bytes: a line begins with text that a client chooses (its `Audit-ID`, its request's
/// URI), so a client could make two logs begin alike. A line ends with times in microseconds.
public struct Fingerprint: Sendable, Hashable, Codable {
    /// The maximum number of hashed bytes.
    public static let limit = 1024

    /// The number of hashed bytes.
    public let length: Int
    /// Their hash. Its key need not be secret, because a forger cannot know the bytes.
    public let digest: SipHash128.Digest

    /// A stored fingerprint.
    public init(length: Int, digest: SipHash128.Digest) {
        self.length = length
        self.digest = digest
    }

    /// The fingerprint of the last `limit` of these bytes.
    public init(of bytes: some BidirectionalCollection<UInt8>) {
        let bytes = Array(bytes.suffix(Self.limit))
        var hash = SipHash128(key: SipHash128.Key(first: 0, second: 0))
        hash.combine(bytes: bytes.span.bytes)
        length = bytes.count
        digest = hash.digest()
    }
}

/// The read positions of files. They identify files after a restart, under another name, and as copies.
public struct KnownPositions: Sendable {
    /// The maximum number of positions. The least recently changed one is dropped first. It exceeds the number of rotated
    /// files that anybody keeps: a file whose position is dropped would be read again.
    public static let limit = 16_384
    /// How many more are held before the oldest are dropped, so that this is done rarely.
    private static let slack = 1_024

    /// What only one position has.
    private enum Key: Hashable {
        case file(Inode)
        case content(path: String, offset: Int, Fingerprint)

        init(_ position: FilePosition) {
            self =
                position.inode == .none
                ? .content(path: position.path, offset: position.offset, position.fingerprint) : .file(position.inode)
        }
    }

    private var entries: [Key: (position: FilePosition, change: UInt64)] = [:]
    private var changes: UInt64 = 0
    // By the hash of the first line.
    private var keys: [UInt64?: Set<Key>] = [:]

    /// - Parameter positions: Stored positions.
    public init(_ positions: [FilePosition] = []) {
        for position in positions { add(position) }
    }

    /// The positions, the most recently changed one last.
    public var positions: [FilePosition] {
        entries.values.sorted { $0.change < $1.change }.suffix(Self.limit).map(\.position)
    }

    /// Whether its numbers are not negative. Only a damaged state has others; they are dropped.
    private static func isPossible(_ position: FilePosition) -> Bool {
        let hasHead = position.head.map { head in
            head.lowerBound >= 0 && head.upperBound <= position.offset && head.count <= FilePosition.longestHead
        }
        return position.offset >= 0 && position.size >= 0 && position.fingerprint.length >= 0 && hasHead ?? true
    }

    /// Adds a position. It replaces the previous one of the same file.
    public mutating func add(_ position: FilePosition) {
        guard Self.isPossible(position) else { return }
        let key = Key(position)
        remove(key)
        changes += 1
        entries[key] = (position, changes)
        // Without bytes it says nothing about other files.
        if position.offset > 0 { keys[position.beginning, default: []].insert(key) }
        guard entries.count > Self.limit + Self.slack else { return }
        for (key, _) in entries.sorted(by: { $0.value.change < $1.value.change }).dropLast(Self.limit) { remove(key) }
    }

    private mutating func remove(_ key: Key) {
        guard let former = entries.removeValue(forKey: key) else { return }
        keys[former.position.beginning]?.remove(key)
        if keys[former.position.beginning]?.isEmpty == true { keys[former.position.beginning] = nil }
    }

    /// The position in the file with an inode.
    func position(of inode: Inode) -> FilePosition? {
        inode == .none ? nil : entries[.file(inode)]?.position
    }

    /// The positions in files with this first line, and those whose first line is not known.
    func positions(beginning: UInt64) -> [FilePosition] {
        (keys[beginning] ?? []).union(keys[nil] ?? []).compactMap { entries[$0]?.position }
    }

    /// Whether one position replaces the other.
    public static func areOfOneFile(_ one: FilePosition, _ other: FilePosition) -> Bool {
        Key(one) == Key(other)
    }
}
