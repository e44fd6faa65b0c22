import Glibc

/// Where lines end.
extension LineBuffer {
    /// The end of the line that begins at an index; there is none before the range.
    func lineEnd(from start: Int, in range: Range<Int>) -> Int? {
        let feed = first(10, in: range)
        guard let nul = first(0, in: range.lowerBound..<(feed ?? range.upperBound)) else { return feed }
        return endsAtNUL(start..<nul) ? nul : feed
    }

    /// The last end of a line in a range.
    ///
    /// - Parameter start: Where the lines begin that may go on in the range: a record of several lines was given back.
    func lastLineEnd(from start: Int, in range: Range<Int>) -> Int? {
        var found = lastFeed(in: range)
        guard first(0, in: (found ?? range.lowerBound)..<range.upperBound) != nil else { return found }
        var line = (found ?? lastFeed(in: start..<range.lowerBound)).map { $0 + 1 } ?? start
        while let nul = first(0, in: line..<range.upperBound), endsAtNUL(line..<nul) {
            line = endOfNULs(in: nul..<range.upperBound)
            if line > range.lowerBound { found = line - 1 }
        }
        return found
    }

    /// Whether a NUL byte ends a line that has these bytes before it.
    private func endsAtNUL(_ line: Range<Int>) -> Bool {
        var line = bytes[line]
        if line.starts(with: [0xef, 0xbb, 0xbf]) { line = line.dropFirst(3) }
        return line.first.map(Self.beginsJSON) ?? true
    }

    func first(_ byte: Int32, in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return nil }
            return memchr(base + range.lowerBound, byte, range.count).map { UnsafeRawPointer($0) - base }
        }
    }

    /// The end of the NUL bytes at the beginning of a range.
    private func endOfNULs(in range: Range<Int>) -> Int {
        bytes.withUnsafeBytes { buffer in
            var at = range.lowerBound
            while at + 8 <= range.upperBound, buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self) == 0 { at += 8 }
            while at < range.upperBound, buffer[at] == 0 { at += 1 }
            return at
        }
    }

    private func lastFeed(in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            var end = range.upperBound
            // memchr compares many bytes at once, so that only the piece with the end is examined byte by byte.
            while end > range.lowerBound {
                let start = max(range.lowerBound, end - 512)
                if memchr(base + start, 10, end - start) != nil { return (start..<end).last { buffer[$0] == 10 } }
                end = start
            }
            return nil
        }
    }
}
