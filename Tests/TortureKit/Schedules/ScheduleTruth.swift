/// Which requests the exporter must have counted, by what became of the bytes of their lines.
///
/// It knows nothing of the exporter's decisions. A line must be counted while a file that the exporter has to find holds
/// it. When the last such file is gone, the line may be missing if it was not counted until then:
/// - a file that the exporter had begun to read was removed, or was truncated while it was away: it must report a loss;
/// - everything else that no reader can know of: a file that came and went unseen, a truncation right after a write, a
///   line that a person removed.
struct ScheduleTruth {
    enum Fate: Equatable {
        case expected
        /// Counted, or reported as lost.
        case reportable
        /// Nobody can know of it, for this reason.
        case unknowable(Reason)
    }

    /// Why no reader can know of a line.
    enum Reason: String {
        case nameless = "written to a removed file"
        case early = "rotated before the first look, with --audit.from beginning"
        case unseen = "in a file that came and went unseen"
        case edited = "removed by an editor"
        case truncated = "truncated before the next look"
        case unnamed = "only in files that nothing names"
    }

    /// A file at the time of an observation.
    struct Holder {
        let id: LogTree.FileID
        let lines: Set<Int>
        /// A flag names it, a glob matches it, or it is named as a rotated file of a log.
        let isNamed: Bool
        /// A flag or glob matches it.
        let isMatched: Bool
    }

    /// The situation in which files changed.
    struct Situation {
        /// The exporter does not run.
        let isAway: Bool
        /// A person removed single lines.
        let isEdit: Bool
        /// The highest counts that were shown.
        let shown: [CountedSource: Int]
    }

    /// A file between two truncations.
    private struct Origin: Hashable {
        let file: LogTree.FileID
        let truncations: Int
    }

    private struct Written {
        let log: Int
        let origin: Origin
        /// It was written after the file had lost its name to a rotation. A reader may have closed the file.
        let isLate: Bool
        var fate = Fate.expected
        var holder: LogTree.FileID?
        /// It was counted when its last file was gone.
        var isCounted = false
    }

    private let start: Schedule.Start
    private var written: [Int: Written] = [:]
    private var truncations: [LogTree.FileID: Int] = [:]
    /// The exporter had begun to read these.
    private var opened: Set<Origin> = []
    private var followed: Set<Int> = []
    /// Lines that were counted. If they were in another file before that, it is not known which file was read.
    private var counted: Set<Int> = []
    private var ambiguous: Set<Int> = []
    private var made: [CountedSource: Int] = [:]
    /// Whether a line was removed, so that a loss may be reported.
    private(set) var hasRemovals = false

    init(_ start: Schedule.Start) {
        self.start = start
    }

    // MARK: Facts

    /// Records new requests, before their first byte can be read.
    mutating func add(_ sources: [CountedSource]) {
        for source in sources { made[source, default: 0] += 1 }
    }

    /// Records lines that are about to be written.
    mutating func add(_ lines: [Int], to file: LogTree.FileID, of log: Int, isLate: Bool, isNameless: Bool) {
        let origin = Origin(file: file, truncations: truncations[file, default: 0])
        for line in lines {
            written[line] = Written(
                log: log, origin: origin, isLate: isLate, fate: isNameless ? .unknowable(.nameless) : .expected)
        }
    }

    /// Records that a file is about to be truncated.
    mutating func noteTruncation(of file: LogTree.FileID) {
        truncations[file, default: 0] += 1
    }

    /// Judges the lines that no file holds any more.
    mutating func observe(_ files: [Holder], _ lines: ScheduledLines, _ situation: Situation) {
        noteShown(files, lines, situation.shown)
        var holders: [Int: LogTree.FileID] = [:]
        var unfollowed: Set<Int> = []
        for file in files {
            let isOpened = opened.contains(Origin(file: file.id, truncations: truncations[file.id, default: 0]))
            guard file.isNamed || isOpened else { continue }
            for line in file.lines {
                holders[line] = file.id
                if !file.isMatched { unfollowed.insert(line) }
            }
        }
        for file in files where file.isMatched { unfollowed.subtract(file.lines) }
        let present = Set(files.map(\.id))
        let held = files.reduce(into: Set<Int>()) { $0.formUnion($1.lines) }
        // A position that a copy holds is found; nobody can know that the original had more.
        let copied = Set(held.compactMap { written[$0]?.origin })
        for (number, line) in written where line.fate == .expected && !line.isCounted {
            if let holder = holders[number] {
                written[number]?.holder = holder
                // Rotated before the log was first followed.
                if start == .beginning, unfollowed.contains(number), !followed.contains(line.log) {
                    written[number]?.fate = .unknowable(.early)
                }
            } else if let holder = line.holder {
                hasRemovals = true
                judge(
                    number, lines, situation, isRemoved: !present.contains(holder), isHeld: held.contains(number),
                    isCopied: copied.contains(line.origin))
            }
        }
        if situation.isEdit { hasRemovals = true }
    }

    private mutating func judge(
        _ number: Int, _ lines: ScheduledLines, _ situation: Situation, isRemoved: Bool, isHeld: Bool, isCopied: Bool
    ) {
        guard var line = written[number] else { return }
        defer { written[number] = line }
        if let source = lines.lines[number].source, situation.shown[source, default: 0] >= made[source, default: 0] {
            line.isCounted = true
            return
        }
        let isKnown =
            opened.contains(line.origin) && line.holder == line.origin.file && !line.isLate && !situation.isEdit
            && (isRemoved || situation.isAway) && !isCopied
        let reason: Reason =
            isHeld ? .unnamed : situation.isEdit ? .edited : isRemoved ? .unseen : .truncated
        line.fate = isKnown ? .reportable : .unknowable(reason)
    }

    private mutating func noteShown(_ files: [Holder], _ lines: ScheduledLines, _ shown: [CountedSource: Int]) {
        for file in files {
            for number in file.lines where !counted.contains(number) && written[number]?.origin.file != file.id {
                ambiguous.insert(number)
            }
        }
        for (number, line) in written {
            guard let source = lines.lines[number].source, let count = shown[source],
                count >= made[source, default: 0], counted.insert(number).inserted, lines.lines[number].isOnly,
                !ambiguous.contains(number)
            else { continue }
            opened.insert(line.origin)
            followed.insert(line.log)
        }
    }

    // MARK: Expectation

    /// Counts that the exporter must show, and those that it may miss if it reports a loss.
    struct Expectation {
        var required: [CountedSource: Int] = [:]
        /// Required, or reported.
        var reportable: [CountedSource: Int] = [:]
        /// Requests that no reader can know of, by reason.
        var unknowable: [String: Int] = [:]
        /// The lines of each source's requests.
        var lines: [CountedSource: [Int]] = [:]
    }

    /// What must be counted now.
    func expectation(_ lines: ScheduledLines) -> Expectation {
        var best: [Int: (source: CountedSource, fate: Fate)] = [:]
        var result = Expectation()
        for (number, line) in written {
            let text = lines.lines[number]
            guard let source = text.source else { continue }
            result.lines[source, default: []].append(number)
            let isHeld = line.holder != nil || line.isCounted
            let fate = line.fate == .expected && !isHeld ? .unknowable(.unnamed) : line.fate
            switch (best[text.request]?.fate, fate) {
            case (.expected, _), (.reportable, .unknowable): break
            default: best[text.request] = (source, fate)
            }
        }
        for (source, fate) in best.values {
            if case .unknowable(let reason) = fate {
                result.unknowable[reason.rawValue, default: 0] += 1
                continue
            }
            result.reportable[source, default: 0] += 1
            if fate == .expected { result.required[source, default: 0] += 1 }
        }
        return result
    }
}
