/// How far files were read, so that they are known again after a restart, under another name, or as a copy.
public struct KnownPositions: Sendable {
    /// So many are remembered; the one that changed least recently is forgotten first. More than rotated logs are kept
    /// anywhere: one that is forgotten and still there would be read again.
    public static let limit = 16_384

    /// The positions, that which changed last at the end.
    public private(set) var positions: [FilePosition]

    /// - Parameter positions: What was known before.
    public init(_ positions: [FilePosition] = []) {
        self.positions = positions
    }

    /// Takes note of a position: of a file, its newest takes the place of the one before.
    public mutating func add(_ position: FilePosition) {
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
    func positions(in file: LogFile) -> [FilePosition] {
        // Under its own inode first: there are few of these, and to look for copies is dear. One at the file's beginning
        // says nothing of what is in it.
        let own = positions.filter { $0.inode == file.inode && file.holds($0) }
        let isKnown = own.contains { $0.offset > 0 }
        let others = isKnown ? [] : positions.filter { $0.inode != file.inode && file.holds($0) }
        return (own + others).sorted { $0.offset < $1.offset }
    }
}
