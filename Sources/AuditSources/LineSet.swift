import Glibc

/// The lines of a part of a file, as often as each is there.
///
/// Those of a record of several lines, such as an array, are left out: without one of them, the others are no record.
final class LineSet {
    /// The maximum number of lines, 8 bytes each. Further ones are not in the set and are read again.
    private static let limit = 4_000_000

    // Keyed hashes, sorted, and which of them were taken.
    private let hashes: [UInt64]
    private var isTaken: [Bool]
    private var rest: Int

    private init(_ hashes: [UInt64]) {
        self.hashes = hashes.sorted()
        isTaken = Array(repeating: false, count: hashes.count)
        rest = hashes.count
    }

    var isEmpty: Bool { rest == 0 }

    /// The runs of bytes that are not lines of the set. The others are taken from it.
    func others(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        func add(_ run: Range<Int>) {
            if let last = runs.last, last.upperBound == run.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<run.upperBound
            } else {
                runs.append(run)
            }
        }
        let end = Self.forEachLine(in: bytes) { line in
            let text = UnsafeRawBufferPointer(rebasing: bytes[line])
            if LogFile.isPartOfRecord(text) || !take(Self.hash(text)) { add(line) }
        }
        // A long line that goes on.
        if end < bytes.count { add(end..<bytes.count) }
        return runs
    }

    private func take(_ hash: UInt64) -> Bool {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        while low < hashes.count, hashes[low] == hash {
            if !isTaken[low] {
                isTaken[low] = true
                rest -= 1
                return true
            }
            low += 1
        }
        return false
    }

    private static func hash(_ line: UnsafeRawBufferPointer) -> UInt64 {
        // Its key is secret, so that no client can make a line that has the hash of another one.
        var hasher = Hasher()
        hasher.combine(bytes: line)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// - Returns: The end of the last line.
    private static func forEachLine(in bytes: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Void) -> Int {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress,
            let feed = memchr(base + start, 10, bytes.count - start)
        {
            let end = UnsafeRawPointer(feed) - base + 1
            body(start..<end)
            start = end
        }
        return start
    }

    /// Reads the lines, a bounded part at a time.
    struct Builder {
        private static let stepSize = 4 << 20

        private let file: LogFile
        private let end: Int
        private var offset: Int
        private var hashes: [UInt64] = []

        /// - Parameters:
        ///   - start: The beginning of a line.
        ///   - end: The end of a line.
        init(of file: LogFile, from start: Int, to end: Int) {
            self.file = file
            self.end = end
            offset = start
        }

        /// Does one step.
        ///
        /// - Returns: The set; `nil` if more steps are needed.
        mutating func advance() throws(FileFailure) -> LineSet? {
            let bytes = try file.bytes(at: offset, count: min(Self.stepSize, end - offset))
            var used = 0
            bytes.withUnsafeBytes { bytes in
                _ = LineSet.forEachLine(in: bytes) { line in
                    let text = UnsafeRawBufferPointer(rebasing: bytes[line])
                    if !LogFile.isPartOfRecord(text) { hashes.append(LineSet.hash(text)) }
                    used = line.upperBound
                }
            }
            // A line longer than a step is not in the set.
            offset += used > 0 ? used : bytes.count
            guard bytes.isEmpty || offset >= end || hashes.count >= LineSet.limit else { return nil }
            return LineSet(hashes)
        }
    }
}
