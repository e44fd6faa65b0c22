public import AuditEvents
import Glibc

/// How far a file of a log was read.
public struct FilePosition: Sendable, Hashable, Codable {
    /// Under which path the log is followed, whatever its file is called meanwhile.
    public var path: String
    /// Which file it is; `Inode.none` where it is known by its content alone.
    public var inode: Inode
    /// The first byte that was not read as part of a whole line. Of a compressed file, in what it unfolds to.
    public var offset: Int
    /// Of the bytes before `offset`.
    public var fingerprint: Fingerprint
    /// Whether the byte at `offset` is within a line that is too long and is skipped to its end.
    public var isInSkippedLine: Bool
    /// How many bytes the file had when it was looked at last.
    public var size: Int
    /// Whether nothing more is expected from this file.
    public var isFinished: Bool

    /// A position.
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

    /// The same place in a file that is known by its content alone.
    var withoutInode: FilePosition {
        var position = self
        position.inode = .none
        return position
    }
}

/// A file's number on its device; it stays with the file when that is renamed.
public struct Inode: Sendable, Hashable, Codable {
    /// The device's number.
    public var device: UInt64
    /// The file's number on the device.
    public var number: UInt64

    /// No file has it.
    public static let none = Inode(device: 0, number: 0)

    /// The file with this number on this device.
    public init(device: UInt64, number: UInt64) {
        self.device = device
        self.number = number
    }

    init(_ information: stat) {
        self.init(device: UInt64(information.st_dev), number: UInt64(information.st_ino))
    }

    /// The file at a path; `nil` where there is none that can be looked at.
    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        self.init(information)
    }
}

/// A hash of the last bytes before a read position, by which it is known again whether a file still holds, at that
/// place, what was read there.
///
/// The last bytes and not the first ones of the file: a line begins with what a client chose (its `Audit-ID`, its
/// request's URI), so that two logs can be made to begin alike, and ends with times to the microsecond.
public struct Fingerprint: Sendable, Hashable, Codable {
    /// As many bytes are hashed at most.
    public static let limit = 1024

    /// How many bytes are hashed.
    public let length: Int
    /// Their hash. Its key is no secret, since who would forge it cannot know the bytes.
    public let digest: SipHash128.Digest

    /// A fingerprint as it was kept.
    public init(length: Int, digest: SipHash128.Digest) {
        self.length = length
        self.digest = digest
    }

    /// Of the last `limit` of these bytes.
    public init(of bytes: some BidirectionalCollection<UInt8>) {
        let bytes = Array(bytes.suffix(Self.limit))
        var hash = SipHash128(key: SipHash128.Key(first: 0, second: 0))
        hash.combine(bytes: bytes.span.bytes)
        length = bytes.count
        digest = hash.digest()
    }
}

/// How far files were read, so that they are known again after a restart, under another name, or as a copy.
public struct KnownPositions: Sendable {
    /// So many are remembered; the one that changed least recently is forgotten first. More than rotated logs are kept
    /// anywhere: one that is forgotten and still there would be read again.
    public static let limit = 16_384

    /// The positions, that which changed last at the end.
    public private(set) var positions: [FilePosition]

    /// - Parameter positions: What was known before.
    public init(_ positions: [FilePosition] = []) {
        self.positions = positions.filter(Self.isPossible)
    }

    /// Whether its numbers are not negative; only a damaged state holds others, and they are dropped.
    private static func isPossible(_ position: FilePosition) -> Bool {
        position.offset >= 0 && position.size >= 0 && position.fingerprint.length >= 0
    }

    /// Takes note of a position: of a file, its newest takes the place of the one before.
    public mutating func add(_ position: FilePosition) {
        guard Self.isPossible(position) else { return }
        positions.removeAll { Self.areOfOneFile($0, position) }
        positions.append(position)
        if positions.count > Self.limit { positions.removeFirst(positions.count - Self.limit) }
    }

    /// Whether one position takes the other's place.
    public static func areOfOneFile(_ one: FilePosition, _ other: FilePosition) -> Bool {
        guard one.inode == other.inode else { return false }
        return one.inode != .none
            || (one.path, one.offset, one.fingerprint) == (other.path, other.offset, other.fingerprint)
    }

    /// The positions that a file holds, the furthest last: how far it was read already, also under other names.
    func positions(in file: LogFile) throws(FileFailure) -> [FilePosition] {
        // Under its own inode first: there are few of these, and looking for copies is expensive. A position at the
        // file's beginning says nothing about its content.
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
