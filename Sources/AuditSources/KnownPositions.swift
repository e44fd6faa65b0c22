/// How far files were read that are not open any more, so that they are known again under another name or as a copy.
struct KnownPositions {
    /// So many are remembered; the oldest is forgotten first.
    static let limit = 1024

    private var positions: [ReadPosition] = []

    mutating func add(_ position: ReadPosition?) {
        guard let position else { return }
        positions.removeAll { $0.inode == position.inode && $0.fingerprint == position.fingerprint }
        positions.append(position)
        if positions.count > Self.limit { positions.removeFirst(positions.count - Self.limit) }
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
