/// Each byte is something that happens to logs or to who follows them; in the end every line was read once.
///
/// The first byte is the set-up, see `LogHistory.Setup`.
enum FollowingTarget {
    static func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        try ScratchDirectory.with { directory in
            var history = try LogHistory(directory, LogHistory.Setup(rawValue: first))
            // A longer history says no more: what is looked at with each byte grows with the number of files.
            for byte in bytes.dropFirst().prefix(32) { try history.happen(byte) }
            try history.end()
        }
    }
}
