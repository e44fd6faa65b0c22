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
