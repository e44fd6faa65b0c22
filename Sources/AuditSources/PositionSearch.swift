import Glibc

/// Looks for the last bytes that were read of a log in a file that took its place, at the end of any line: an editor may
/// have deleted lines before them while nobody followed the log.
///
/// Only for files so long that reading them again may count requests again.
final class PositionSearch: BeginningSearch {
    /// The smallest file, in bytes. The requests of a smaller one are recognized when it is read again.
    private static let smallest = 1 << 20
    private static let stepSize = 1 << 20

    var original: LogFile? { nil }
    var readOffset: Int { 0 }

    private let file: LogFile
    private let fingerprints: Set<Fingerprint>
    private let marks: [FilePosition.Mark]
    private var offset = 0
    // The bytes before `offset`, as many as a fingerprint needs, or the incomplete line if it is longer.
    private var tail: [UInt8] = []
    private var found: Int?

    /// - Parameters:
    ///   - size: The size of the file.
    ///   - known: The positions; those of the same log are looked for.
    /// - Returns: `nil` if there is nothing to look for.
    init?(_ file: LogFile, size: Int, among known: KnownPositions) {
        guard size >= Self.smallest else { return nil }
        let positions = known.positions.filter {
            $0.path == file.path && $0.offset >= Self.smallest && $0.fingerprint.length == Fingerprint.limit
        }
        guard !positions.isEmpty else { return nil }
        self.file = file
        fingerprints = Set(positions.suffix(8).map(\.fingerprint))
        marks = positions.suffix(8).flatMap(\.marks)
    }

    func originalWasTruncated(from position: FilePosition) {}

    func advance() -> BeginningOutcome {
        do throws(FileFailure) {
            let bytes = try file.bytes(at: offset, count: Self.stepSize)
            guard !bytes.isEmpty else { return try begin() }
            let window = tail + bytes
            let start = offset - tail.count
            for index in tail.count..<window.count where window[index] == 10 && index + 1 >= Fingerprint.limit {
                let fingerprint = Fingerprint(of: window[(index + 1 - Fingerprint.limit)...index])
                if fingerprints.contains(fingerprint) { found = start + index + 1 }
            }
            offset += bytes.count
            tail = Array(window.suffix(Fingerprint.limit))
            return .working
        } catch {
            return .failed(error)
        }
    }

    private func begin() throws(FileFailure) -> BeginningOutcome {
        var place = found ?? 0
        for mark in marks where mark.offset > place {
            if try file.holds(mark.fingerprint, at: mark.offset) { place = mark.offset }
        }
        try file.restart(at: place)
        return .read(nil)
    }
}
