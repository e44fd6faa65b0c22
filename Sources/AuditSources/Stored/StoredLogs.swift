public import AuditEvents
import Glibc

/// A log that is read once, from its beginning to its end: a file, a FIFO or standard input.
public struct StoredLog: Sendable, Hashable {
    /// The path under which it is opened; `-` for standard input.
    public let path: String
    /// Its size in bytes, as it is stored; `nil` for what has none, such as a FIFO.
    public let size: Int?
    /// Whether it was found in a directory that was named, which may hold other files too.
    public let isFromDirectory: Bool

    let isRegularFile: Bool
    /// The form of its records.
    public var format = AuditFormat.auto

    /// Standard input.
    static let standardInput = StoredLog(path: "-", size: nil, isFromDirectory: false, isRegularFile: false)

    /// Whether it is standard input.
    var isStandardInput: Bool { path == "-" && !isRegularFile }
}

/// Why a log was not read, or not to its end.
public struct StoredLogProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path or glob as it was named, or the path of the file in it.
    public let path: String
    /// The defect, and what to do.
    public let reason: String

    init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// A file or directory that cannot be opened.
    init(_ path: String, opening code: Int32) {
        let advice =
            switch code {
            case ENOENT, ENOTDIR: "; " + (AuditFormat.remark(onPath: path) ?? "check the path")
            case EACCES, EPERM: "; run as a user who may read it"
            default: ""
            }
        self.init(path, Self.text(code) + advice)
    }

    init(_ path: String, _ failure: FileFailure) {
        if case .open(let code) = failure {
            self.init(path, opening: code)
        } else {
            self.init(path, "\(failure)".lowercased())
        }
    }

    /// A log that is named with two forms of records.
    init(_ path: String, asked format: AuditFormat, and other: AuditFormat) {
        self.init(
            path,
            "is named with two formats, \(format.rawValue) and \(other.rawValue); it is read as \(format.rawValue), "
                + "name it with one")
    }

    static func text(_ code: Int32) -> String { "\(FileFailure.read(code))".lowercased() }

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

extension StoredLog {
    /// The logs that arguments name, each file once, in the order in which they are named.
    ///
    /// - A path is that file, also if its name looks like a glob.
    /// - A glob is the files that it matches; directories that it matches are left out.
    /// - A directory is the regular files in it, without those whose name begins with a dot, and without the files in
    ///   its own directories: rotated logs are in one directory.
    /// - `-` is standard input.
    /// - `NAME:` before any of them is the form of its records. That of a path counts before that of a glob or a directory.
    ///
    /// - Parameters:
    ///   - arguments: Paths, globs and directories.
    ///   - format: The form of the records where no name is given.
    /// - Returns: The logs, and a problem for each argument that names none.
    public static func find(
        _ arguments: [String], as format: AuditFormat = .auto
    ) -> (logs: [StoredLog], problems: [StoredLogProblem]) {
        var logs: [StoredLog] = []
        var problems: [StoredLogProblem] = []
        // Names of the same file: it is read once.
        var known: [Inode: (index: Int, isExact: Bool)] = [:]
        var standardInputFormat: AuditFormat?
        for text in arguments {
            let (named, argument) = AuditFormat.split(text)
            let format = named ?? format
            guard argument != "-" else {
                var input = standardInput
                input.format = format
                if standardInputFormat == nil { logs.append(input) }
                if let other = standardInputFormat, other != format {
                    problems.append(StoredLogProblem(argument, asked: other, and: format))
                }
                standardInputFormat = standardInputFormat ?? format
                continue
            }
            do throws(StoredLogProblem) {
                for (log, inode, isExact) in try files(named: argument, as: text, &problems) {
                    var log = log
                    log.format = format
                    guard let other = known[inode] else {
                        known[inode] = (logs.count, isExact)
                        logs.append(log)
                        continue
                    }
                    let former = logs[other.index].format
                    // The form of a path counts before that of a glob or a directory.
                    if isExact, !other.isExact {
                        logs[other.index].format = format
                        known[inode] = (other.index, true)
                    } else if isExact == other.isExact, former != format {
                        problems.append(StoredLogProblem(log.path, asked: former, and: format))
                    }
                }
            } catch {
                problems.append(error)
            }
        }
        return (logs, problems)
    }

    private typealias Found = (log: StoredLog, inode: Inode, isExact: Bool)

    private static func files(
        named argument: String, as text: String, _ problems: inout [StoredLogProblem]
    ) throws(StoredLogProblem) -> [Found] {
        // The name of a format is split off before.
        guard let pattern = LogPattern("auto:" + argument) else {
            throw StoredLogProblem("\"\(text)\"", "names no path; name a file, a glob, a directory, or -")
        }
        guard pattern.isGlob else {
            let version = try version(of: argument)
            return version.isDirectory
                ? try files(in: argument, &problems) : [found(argument, version, isExact: true)]
        }
        let matches = pattern.matches()
        problems += matches.unreadable.map { StoredLogProblem($0.directory, $0.failure) }
        var found: [Found] = []
        for path in matches.paths {
            let version = try version(of: path)
            if !version.isDirectory { found.append(Self.found(path, version)) }
        }
        guard !found.isEmpty || !matches.unreadable.isEmpty else {
            throw StoredLogProblem(
                argument,
                matches.paths.isEmpty
                    ? "no file matches this glob; \(AuditFormat.remark(onPath: argument) ?? "check the path")"
                    : "this glob matches only directories; add /* for the files in them")
        }
        return found
    }

    private static func files(
        in directory: String, _ problems: inout [StoredLogProblem]
    ) throws(StoredLogProblem) -> [Found] {
        let names: [String]
        do throws(FileFailure) {
            names = try DirectoryListing.names(in: directory).sorted()
        } catch {
            throw StoredLogProblem(directory, error)
        }
        var found: [Found] = []
        var hasDirectories = false
        for name in names where !name.hasPrefix(".") {
            let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
            do throws(StoredLogProblem) {
                let version = try version(of: path)
                hasDirectories = hasDirectories || version.isDirectory
                if version.isFile { found.append(Self.found(path, version, isFromDirectory: true)) }
            } catch {
                problems.append(error)
            }
        }
        guard !found.isEmpty else {
            throw StoredLogProblem(
                directory,
                hasDirectories
                    ? "the directory holds only directories, which are not searched; name them, or give a glob such as "
                        + "'\(directory.hasSuffix("/") ? String(directory.dropLast()) : directory)/*/*'"
                    : "the directory holds no files; name the directory of the API server's --audit-log-path")
        }
        return found
    }

    private static func found(
        _ path: String, _ version: FileVersion, isFromDirectory: Bool = false, isExact: Bool = false
    ) -> Found {
        let log = StoredLog(
            path: path, size: version.isFile ? version.size : nil, isFromDirectory: isFromDirectory,
            isRegularFile: version.isFile)
        return (log, version.inode, isExact)
    }

    private static func version(of path: String) throws(StoredLogProblem) -> FileVersion {
        do throws(FileFailure) {
            return try FileVersion(path: path)
        } catch {
            throw StoredLogProblem(path, error)
        }
    }
}
