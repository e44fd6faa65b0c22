import AuditEvents

/// Comparing the content of a file with what is known.
extension LogFile {
    /// Whether a position is in this file: the file, or the one it is a copy of, contains the bytes before the position.
    func holds(_ position: FilePosition) throws(FileFailure) -> Bool {
        guard !isFIFO else { return false }
        // Without bytes the first line identifies the file, or else the inode.
        guard position.fingerprint.length > 0 else {
            guard position.offset == 0, let hash = position.beginning else {
                return position.inode == inode && position.offset == 0
            }
            let (own, size) = (try findBeginning(), try size())
            return own == hash && size >= position.size
        }
        return try holds(position.fingerprint, at: position.offset)
    }

    /// Whether the bytes before an offset have this fingerprint.
    func holds(_ fingerprint: Fingerprint, at offset: Int) throws(FileFailure) -> Bool {
        Fingerprint(of: try bytes(before: offset, count: fingerprint.length)) == fingerprint
    }

    /// Whether nothing was read of it, and it begins with the same bytes.
    ///
    /// `false` if it cannot be read: none of its lines were counted, so the bytes can be read elsewhere.
    func isUnread(beginningWith bytes: [UInt8]) -> Bool {
        guard !isFIFO, lines.place.offset == 0, let size = try? size() else { return false }
        let count = min(size, bytes.count, Fingerprint.limit)
        return count > 0 && (try? self.bytes(at: 0, count: count)) == Array(bytes.prefix(count))
    }

    /// The last of these marks up to which the content is the same.
    func lastMark(of marks: [FilePosition.Mark]) throws(FileFailure) -> FilePosition.Mark? {
        for mark in marks.reversed() where try holds(mark.fingerprint, at: mark.offset) { return mark }
        return nil
    }

    /// Shorter first lines, as those of arrays and printed objects, do not tell one log from another.
    private static let shortestBeginning = 16

    /// A hash of the first line of these bytes, or of the first bytes if it is long or very short; `nil` if they are too
    /// few.
    static func beginning(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        let bytes = bytes.prefix(Fingerprint.limit)
        if let feed = bytes.firstIndex(of: 10), feed - bytes.startIndex >= shortestBeginning {
            return Fingerprint(of: bytes[...feed]).digest.first
        }
        return bytes.count == Fingerprint.limit ? Fingerprint(of: bytes).digest.first : nil
    }

    /// Whether a line is a part of a record of several lines: of an array, or of an object that is printed.
    static func isPartOfRecord(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let end = line.lastIndex(where: { ![9, 10, 13, 32].contains($0) }) else { return false }
        let last = line[end]
        switch line[0] {
        case UInt8(ascii: "{"):
            // The beginning of a printed object, or an item of an array. Another line without its end was torn.
            return end == 0
                || last == UInt8(ascii: ",")
                    && EventScanner.areWhole(UnsafeRawBufferPointer(rebasing: line[..<end]).bytes)
        case UInt8(ascii: "["): return last != UInt8(ascii: "]")
        default: return continues(line[0])
        }
    }

    private static func continues(_ first: UInt8) -> Bool { "]},\": \t".utf8.contains(first) }

    /// Whether the line at an offset begins a record, if it does not belong to the record before it.
    func beginsRecord(at offset: Int) throws(FileFailure) -> Bool {
        guard offset > 0 else { return true }
        if let next = try bytes(at: offset, count: 1).first, Self.continues(next) { return false }
        guard let start = try lineStart(before: offset - 1) else { return false }
        let line = try bytes(at: start, count: offset - start)
        // The end of a record.
        if let first = line.first, first == UInt8(ascii: "}") || first == UInt8(ascii: "]") { return true }
        return !line.withUnsafeBytes(Self.isPartOfRecord)
    }

    /// The beginning of the line that ends before an offset, or is cut there; `nil` if it is oversized.
    func lineStart(before offset: Int) throws(FileFailure) -> Int? {
        var place = offset
        // Mostly the line ends right there.
        var step = 1
        while place > max(0, offset - LineBuffer.lineLimit) {
            let chunk = try bytes(before: place, count: step)
            guard !chunk.isEmpty else { break }
            if let end = chunk.lastIndex(where: Self.endsLine) { return place - chunk.count + end + 1 }
            place -= chunk.count
            step = 64 << 10
        }
        return place == 0 ? 0 : nil
    }

    /// Whether one object ends before an offset, and another one begins there.
    func beginsObject(at offset: Int) throws(FileFailure) -> Bool {
        let before = try bytes(before: offset, count: 16)
        let next = try bytes(at: offset, count: 1)
        return Self.isBetweenObjects(before[...], next.first)
    }

    /// Whether an object ends before a place, but for spaces, and one begins there.
    static func isBetweenObjects(_ before: ArraySlice<UInt8>, _ next: UInt8?) -> Bool {
        before.last { ![9, 10, 13, 32].contains($0) } == UInt8(ascii: "}") && next == UInt8(ascii: "{")
    }

    /// Whether a line can begin behind a byte: a line feed, or a NUL behind a truncation or a power failure.
    static func endsLine(_ byte: UInt8) -> Bool { byte == 10 || byte == 0 }

    /// The bytes before an offset, at most `count`; none if the file is shorter.
    func bytes(before offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        let count = min(count, offset)
        let bytes = try bytes(at: offset - count, count: count)
        return bytes.count == count ? bytes : []
    }
}
