/// What happens to logs, to their rotated files and to the exporter: a value that follows from a seed.
///
/// Files are chosen by number (`choice` modulo the number of files that are there), because the names of rotated files
/// depend on the time. `SchedulePlayer` writes down the real names.
struct Schedule: Sendable {
    let seed: UInt64
    let layout: Layout
    /// The paths of the logs, relative to the directory of logs.
    let logs: [String]
    /// The logs whose directories exist from the beginning.
    let present: [Int]
    /// Whether a writer opens new files with O_APPEND, by log. kube-apiserver does not after a rotation of its own.
    let appends: [Bool]
    /// `--audit.from`.
    let start: Start
    /// The number of lines per unit of `lines`: 1, or many in a schedule that exceeds the exporter's memory of events.
    let scale: Int
    let steps: [Step]
    /// How the paths are written at the last start; see `Step.start`.
    let lastSpelling: Int

    /// How the flags name the logs.
    enum Layout: Sendable, CaseIterable {
        /// One path.
        case path
        /// A symlink whose target changes.
        case symlink
        /// A glob for the logs of one directory. It matches rotated files whose names end like a log's.
        case names
        /// A glob for all files of one directory.
        case everything
        /// A glob for one log in each of several directories.
        case directories
        /// A glob for all logs in several directories.
        case namesInDirectories
        /// A path, and a glob that matches it too.
        case both
    }

    enum Start: String, Sendable {
        case beginning
        /// Only requests of the last hour.
        case recent = "1h"
    }

    enum Step: Sendable {
        // The writer of a log.
        case write(log: Int, lines: Int)
        /// In several writes, the cuts within lines.
        case writeInPieces(log: Int, lines: Int, pieces: Int)
        /// Writes again the first lines of the first log: logs that begin alike.
        case writeAgain(log: Int)
        /// Writes a part of a line, in permille, and nothing more of it: a crash. The next line follows directly.
        case tear(log: Int, share: Int)
        /// Zeros at the end, as after a power failure.
        case addZeros(log: Int, count: Int)
        /// Opens the path again, and creates the file if it is missing.
        case reopen(log: Int)

        // Rotators.
        /// kube-apiserver's way: renamed to a name with the time, `times` in a row, with lines in between.
        case rename(log: Int, times: Int, isReopened: Bool)
        case logrotate(log: Int, LogrotateOptions, isReopened: Bool)
        /// By hand: copied in pieces, then truncated. Lines in between are lost for any reader.
        case copyTruncate(log: Int, pieces: Int, linesBetween: Int)
        /// The symlink gets a new, empty target.
        case switchTarget(log: Int, isReopened: Bool)
        case compress(log: Int, choice: Int, Format, pieces: Int)

        // People.
        case remove(log: Int)
        case removeRotated(log: Int, choice: Int)
        case renameRotated(log: Int, choice: Int)
        /// With `cp`, or in pieces with a line added to the log after each.
        case copy(log: Int, choice: Int, CopyName, pieces: Int)
        case edit(log: Int, Edit, choice: Int)
        /// A directory appears with a log and rotated files.
        case appear(log: Int, rotated: Int)

        // The exporter.
        /// The same paths in one of four spellings: absolute, relative, with `..`, through a symlink.
        case start(spelling: Int)
        case kill
        case stop
        case freeze
        case thaw
        case pause(milliseconds: Int)
        /// Waits until everything that it must have counted is counted.
        case catchUp
    }

    enum Format: String, Sendable, CaseIterable {
        case gzip = "gz"
        case zstd = "zst"
    }

    /// The options of Debian's logrotate.
    struct LogrotateOptions: Sendable {
        /// `copytruncate`; `create` otherwise.
        let copies: Bool
        let compression: Format?
        let isDelayed: Bool
        /// `dateext` with this format; numbers otherwise.
        let dateFormat: String?
        /// `rotate`: the number of rotated files to keep.
        let kept: Int

        var lines: [String] {
            var lines = [copies ? "copytruncate" : "create 0644", "rotate \(kept)", "missingok"]
            if let compression {
                lines.append("compress")
                if isDelayed { lines.append("delaycompress") }
                if compression == .zstd {
                    lines += ["compresscmd /usr/bin/zstd", "compressext .zst", "compressoptions -q"]
                }
            }
            if let dateFormat { lines += ["dateext", "dateformat \(dateFormat)"] }
            return lines
        }
    }

    /// The name of a copy that a person makes.
    enum CopyName: Sendable, CaseIterable {
        /// `audit.log.bak`
        case bak
        /// `audit.log.9`, which looks like a rotated file.
        case number
        /// `audit-copy.log`, which globs match.
        case log
        /// `copy-of-audit.log`
        case prefixed
    }

    enum Edit: Sendable, CaseIterable {
        /// `sed -i` removes a line.
        case sed
        /// An editor writes a new file without one line, and renames it.
        case replacement
        /// An editor truncates the file and writes it without one line.
        case rewriting
        /// `truncate` removes some bytes at the end.
        case shortening
    }
}

extension Schedule.Step {
    /// The kind of step, for the summary.
    var kind: String {
        let text = "\(self)"
        let name = String(text.prefix { $0 != "(" })
        if case .logrotate(_, let options, _) = self { return options.copies ? "logrotate copytruncate" : name }
        if case .edit(_, let edit, _) = self { return "edit: \(edit)" }
        return name
    }
}
