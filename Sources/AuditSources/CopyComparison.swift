import Glibc

/// Finds where reading begins in a file that may have content which was read before, a bounded amount at a time.
protocol BeginningSearch: AnyObject {
    /// The file that it is compared with; `nil` if that was removed.
    var original: LogFile? { get }
    /// How far the original was read.
    var readOffset: Int { get }

    /// Does one step.
    func advance() -> BeginningOutcome
    /// Ends the comparison, because the original has other content now.
    ///
    /// - Parameter position: How far the original was read before.
    func originalWasTruncated(from position: FilePosition)
}

/// The result of a step of a search.
enum BeginningOutcome {
    /// A bounded part of the content was compared.
    case working
    /// All of the file is in the other one, up to now.
    case waiting
    /// Reading begins at the file's position, without the lines of the other one if it has others in between.
    case read(LineSet?)
    /// The file was truncated. What it contains now is compared from its position on.
    case truncated(former: FilePosition)
    case failed(FileFailure)
}

/// Compares a file with another one that has the same first line, to find where reading begins in it.
///
/// Whatever the file has in common with what was read of the other one is not read again: a copy of a log may hold more
/// requests than are recognized when they are read twice. Everything else is read.
final class CopyComparison: BeginningSearch {
    /// The bytes compared in one step.
    private static let stepSize = 4 << 20
    private static let chunkSize = 256 << 10

    let file: LogFile
    /// The other file.
    private let other: LogFile
    var original: LogFile? { other }
    var readOffset: Int { other.lines.place.offset }
    // Up to here both are equal; the last line of that begins at `lineStart`.
    private var equal: Int
    private var lineStart: Int
    // The beginning of the record that is at `lineStart`, as far as it is known.
    private var recordStart: (of: Int, offset: Int)?
    private var lines: LineSet.Builder?
    // Whether the file is read on without further comparison.
    private var isOver = false
    // The position at which the original was truncated, which ends the comparison.
    private var truncatedFrom: FilePosition?

    /// - Parameters:
    ///   - file: A file that is known to be equal up to its position.
    ///   - original: A file of which more was read.
    init(_ file: LogFile, with original: LogFile) {
        self.file = file
        other = original
        equal = file.lines.place.offset
        lineStart = file.lines.offset
    }

    /// A file in place of another one, whose first line is not the same; its lines may be.
    init(_ file: LogFile, inPlaceOf original: LogFile) {
        self.file = file
        other = original
        equal = 0
        lineStart = 0
        lines = LineSet.Builder(of: original, from: 0, to: original.lines.offset)
    }

    /// Ends the comparison, because the original has other content now.
    ///
    /// - Parameter position: How far the original was read before.
    func originalWasTruncated(from position: FilePosition) {
        truncatedFrom = position
    }

    /// Does one step.
    func advance() -> BeginningOutcome {
        do throws(FileFailure) {
            if let position = truncatedFrom { return try begin(behind: position) }
            if isOver { return .read(nil) }
            if lines != nil { return try index() }
            return try compare()
        } catch {
            return .failed(error)
        }
    }

    private func begin(behind position: FilePosition) throws(FileFailure) -> BeginningOutcome {
        if position.offset > 0, try file.holds(position) {
            try file.restart(at: position.place)
        } else {
            try file.restart(at: min(commonRecords(), position.offset))
        }
        return .read(nil)
    }

    private func compare() throws(FileFailure) -> BeginningOutcome {
        let size = try file.size()
        if try isTruncated(size) {
            return try restart()
        }
        let otherSize = try other.size()
        let limit = min(size, otherSize)
        let end = min(limit, equal + Self.stepSize)
        while equal < end {
            let count = min(Self.chunkSize, end - equal)
            let bytes = try file.bytes(at: equal, count: count)
            let others = try other.bytes(at: equal, count: count)
            let common = commonLength(bytes, others)
            if let feed = bytes[..<common].lastIndex(of: 10) { lineStart = equal + feed + 1 }
            equal += common
            if common < count {
                // One of them became shorter meanwhile; the next step sees the sizes.
                guard common < bytes.count, common < others.count else { return .working }
                return try differ()
            }
        }
        guard equal >= limit else { return .working }
        let isRead = other.lines.place.offset <= equal
        let place = isRead ? other.lines.place : ReadPlace(offset: try commonRecords())
        if size > otherSize, other.isAtEnd || other.lines.place.offset == otherSize {
            try file.restart(at: place)
            return .read(nil)
        }
        if file.lines.place != place { try file.restart(at: place) }
        return .waiting
    }

    /// Whether the file no longer contains what was equal before, and the other one still does.
    private func isTruncated(_ size: Int) throws(FileFailure) -> Bool {
        guard size >= equal else { return true }
        guard try !isEqual(before: equal) else { return false }
        // The other one may have been truncated, which its next read finds.
        guard let position = other.position, position.offset > 0, try other.size() >= equal else { return false }
        return try other.holds(position)
    }

    private func isEqual(before offset: Int) throws(FileFailure) -> Bool {
        let count = min(offset, Fingerprint.limit)
        return try file.bytes(at: offset - count, count: count) == other.bytes(at: offset - count, count: count)
    }

    /// Compares what is left after a truncation, since a copy may only have become shorter.
    private func restart() throws(FileFailure) -> BeginningOutcome {
        guard let former = file.restartAfterTruncation() else { return .read(nil) }
        equal = file.lines.offset
        lineStart = equal
        isOver = try !isEqual(before: equal)
        return .truncated(former: former)
    }

    private func differ() throws(FileFailure) -> BeginningOutcome {
        // It may have other content already, although that was not noticed.
        if let position = other.position, position.offset > 0, try !other.holds(position) {
            return try begin(behind: position)
        }
        // All that was read of the other one is in this one.
        guard other.lines.place.offset > equal else {
            try file.restart(at: other.lines.place)
            return .read(nil)
        }
        let start = min(try commonRecords(), other.lines.offset)
        try file.restart(at: start)
        lines = LineSet.Builder(of: other, from: start, to: other.lines.offset)
        return .working
    }

    /// Up to where both have the same records, at least: a line that differs may be one of an array, or of a printed object.
    private func commonRecords() throws(FileFailure) -> Int {
        if let recordStart, recordStart.of == lineStart { return recordStart.offset }
        let isRecord = try file.beginsRecord(at: lineStart)
        let mark = other.position?.marks.last { $0.offset <= lineStart }
        let offset = isRecord ? lineStart : mark?.offset ?? 0
        recordStart = (lineStart, offset)
        return offset
    }

    private func index() throws(FileFailure) -> BeginningOutcome {
        guard let set = try lines?.advance() else { return .working }
        return .read(set)
    }

    private func commonLength(_ one: [UInt8], _ other: [UInt8]) -> Int {
        let count = min(one.count, other.count)
        let isEqual = one.withUnsafeBytes { one in
            other.withUnsafeBytes { other in
                guard count > 0, let one = one.baseAddress, let other = other.baseAddress else { return true }
                return memcmp(one, other, count) == 0
            }
        }
        if isEqual { return count }
        return zip(one, other).prefix { $0 == $1 }.count
    }
}
