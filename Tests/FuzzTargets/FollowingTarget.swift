/// Each byte is an event for the logs or their follower; at the end every line was read once.
///
/// The first byte is the setup, see `LogHistory.Setup`.
enum FollowingTarget {
    static func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        try ScratchDirectory.with { directory in
            var history = try LogHistory(directory, LogHistory.Setup(rawValue: first))
            // A longer history finds no more, and the cost per byte grows with the number of files.
            for byte in bytes.dropFirst().prefix(32) { try history.happen(byte) }
            try history.end()
        }
    }
}
