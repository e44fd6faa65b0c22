/// How far files were read, so that they are known again after a restart, under another name, or as a copy.
public struct KnownPositions: Sendable {
    /// So many are remembered; the one that changed least recently is forgotten first. More than rotated logs are kept
    /// anywhere: one that is forgotten and still there would be read again.
    public static let limit = 16_384

    /// The positions, that which changed last at the end.
    public private(set) var positions: [ReadPosition]

    /// - Parameter positions: What was known before.
    public init(_ positions: [ReadPosition] = []) {
        self.positions = positions
    }

    /// Takes note of a position: of a file, its newest takes the place of the one before.
    public mutating func add(_ position: ReadPosition) {
        positions.removeAll { Self.areOfOneFile($0, position) }
        positions.append(position)
        if positions.count > Self.limit { positions.removeFirst(positions.count - Self.limit) }
    }

    /// Whether one position takes the other's place.
    public static func areOfOneFile(_ one: ReadPosition, _ other: ReadPosition) -> Bool {
        guard one.inode == other.inode else { return false }
        return one.inode != .none || (one.offset, one.fingerprint) == (other.offset, other.fingerprint)
    }

    /// How far a file was read already; where several positions fit, the furthest.
    func position(in file: LogFile) -> ReadPosition? {
        // Under its own inode first: there are few of these, and to look for a copy is dear.
        furthest(positions.filter { $0.inode == file.inode }, in: file)
            ?? furthest(positions.filter { $0.inode != file.inode }, in: file)
    }

    private func furthest(_ candidates: [ReadPosition], in file: LogFile) -> ReadPosition? {
        candidates.filter { file.holds($0) }.max { $0.offset < $1.offset }
    }
}
