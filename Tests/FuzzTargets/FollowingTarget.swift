import Foundation
import TestSupport

/// Each byte is something that happens to logs or to who follows them; in the end every line was read once.
enum FollowingTarget {
    static func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        try withTemporaryDirectory { directory in
            var history = try LogHistory(
                directory, pattern: first & 1 == 0 ? "audit.log" : "audit*.log*", copiesAndTruncates: first & 2 != 0)
            // A longer history says no more, and takes long.
            for byte in bytes.dropFirst().prefix(150) { try history.happen(byte) }
            try history.end()
        }
    }
}
