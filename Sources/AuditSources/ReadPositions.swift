public import AuditEvents
import Glibc

/// The position up to which a file of a log was read.
public struct FilePosition: Sendable, Hashable, Codable {
    /// The path of the log, whatever the file's name is now.
    public var path: String
    /// The file; `Inode.none` if it is identified by its content alone.
    public var inode: Inode
    /// The first byte that was not read as part of a whole line. For a compressed file, in its decompressed content.
    public var offset: Int
    /// The fingerprint of the bytes before `offset`.
    public var fingerprint: Fingerprint
    /// Whether the byte at `offset` is within an oversized line, which is skipped to its end.
    public var isInSkippedLine: Bool
    /// The file's size at the last read, in bytes.
    public var size: Int
    /// Whether no more bytes are expected from this file.
    public var isFinished: Bool

    /// A position in a file that may grow, unless given otherwise.
    public init(
        path: String, inode: Inode, offset: Int, fingerprint: Fingerprint, isInSkippedLine: Bool = false, size: Int = 0,
        isFinished: Bool = false
    ) {
        self.path = path
        self.inode = inode
        self.offset = offset
        self.fingerprint = fingerprint
        self.isInSkippedLine = isInSkippedLine
        self.size = size
        self.isFinished = isFinished
    }

    /// The same position in a file that is identified by its content alone.
    var withoutInode: FilePosition {
        var position = self
        position.inode = .none
        return position
    }
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

    /// The positions, the most recently changed one last.
    public private(set) var positions: [FilePosition]

    /// - Parameter positions: Stored positions.
    public init(_ positions: [FilePosition] = []) {
        self.positions = positions.filter(Self.isPossible)
    }

    /// Whether its numbers are not negative. Only a damaged state has others; they are dropped.
    private static func isPossible(_ position: FilePosition) -> Bool {
        position.offset >= 0 && position.size >= 0 && position.fingerprint.length >= 0
    }

    /// Adds a position. It replaces the previous one of the same file.
    public mutating func add(_ position: FilePosition) {
        guard Self.isPossible(position) else { return }
        positions.removeAll { Self.areOfOneFile($0, position) }
        positions.append(position)
        if positions.count > Self.limit { positions.removeFirst(positions.count - Self.limit) }
    }

    /// Whether one position replaces the other.
    public static func areOfOneFile(_ one: FilePosition, _ other: FilePosition) -> Bool {
        guard one.inode == other.inode else { return false }
        return one.inode != .none
            || (one.path, one.offset, one.fingerprint) == (other.path, other.offset, other.fingerprint)
    }

    /// The positions that are in a file, the furthest one last, including those under other names.
    func positions(in file: LogFile) throws(FileFailure) -> [FilePosition] {
        // First those with its inode: they are few, and searching for copies is expensive. A position at offset zero says
        // nothing about the content.
        var held: [FilePosition] = []
        for position in positions where position.inode == file.inode {
            if try file.holds(position) { held.append(position) }
        }
        if !held.contains(where: { $0.offset > 0 }) {
            for position in positions where position.inode != file.inode {
                if try file.holds(position) { held.append(position) }
            }
        }
        return held.sorted { $0.offset < $1.offset }
    }
}
