public import AuditEvents
import Glibc

/// A log as given on the command line: a path, or a glob for several files, with the form of its records.
public struct LogPattern: Sendable, Hashable, CustomStringConvertible {
    /// The path or the glob as given.
    public let description: String
    /// The form of its records.
    public let format: AuditFormat

    /// - Parameter text: A path or a glob, or `NAME:PATH` with the name of a format; not empty.
    public init?(_ text: String) {
        self.init(text, as: .auto)
    }

    /// - Parameters:
    ///   - text: A path or a glob, or `NAME:PATH` with the name of a format; not empty.
    ///   - format: The form of the records if no name is given.
    public init?(_ text: String, as format: AuditFormat) {
        let (named, path) = AuditFormat.split(text)
        guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
        description = path
        self.format = named ?? format
    }

    /// The paths that a pattern matches now.
    struct Matches {
        var paths: [String] = []
        /// The directories that cannot be listed, with the reason. They may hold more matches.
        var unreadable: [(directory: String, failure: FileFailure)] = []
    }

    /// Whether it may match several files.
    var isGlob: Bool { description.contains { "*?[".contains($0) } && access(description, F_OK) != 0 }

    /// The paths that it matches now, sorted. A path that is not a glob need not exist.
    func matches() -> Matches {
        guard isGlob else { return Matches(paths: [description]) }
        var result = Matches()
        var paths = [description.hasPrefix("/") ? "/" : ""]
        let parts = description.split(separator: "/").map(String.init)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            paths = paths.flatMap { base in Self.expand(part, in: base, isLast: isLast, &result) }
        }
        result.paths = paths.sorted()
        return result
    }

    /// Why it matches nothing, if nothing prevents that it is examined.
    var absence: String {
        let isThere = access(directory, F_OK) == 0
        return (isThere ? "no file matches" : "no file matches; the directory \(directory) does not exist") + remark
    }

    /// What may be wrong with its name if no file has it, behind a semicolon; empty if nothing is.
    var remark: String { AuditFormat.remark(onPath: description).map { "; \($0)" } ?? "" }

    /// A path that is given with two formats.
    ///
    /// - Parameters:
    ///   - texts: Paths and globs, each also as `NAME:PATH`.
    ///   - format: The form of the records where no name is given.
    public static func conflict(
        in texts: [String], as format: AuditFormat
    ) -> (path: String, formats: [AuditFormat])? {
        var known: [String: AuditFormat] = [:]
        for text in texts {
            let (named, path) = AuditFormat.split(text)
            let format = named ?? format
            if let other = known.updateValue(format, forKey: path), other != format { return (path, [other, format]) }
        }
        return nil
    }

    private static func expand(_ part: String, in base: String, isLast: Bool, _ result: inout Matches) -> [String] {
        let prefix = base.isEmpty || base.hasSuffix("/") ? base : base + "/"
        guard part.contains(where: { "*?[".contains($0) }) else {
            let path = prefix + part.replacing("\\", with: "")
            guard isLast else { return [path] }
            do throws(FileFailure) {
                _ = try FileVersion(path: path)
                return [path]
            } catch {
                note(error, of: base, in: &result)
                return []
            }
        }
        do throws(FileFailure) {
            return try DirectoryListing.names(in: base.isEmpty ? "." : base)
                .filter { fnmatch(part, $0, FNM_PERIOD) == 0 }.map { prefix + $0 }
        } catch {
            note(error, of: base, in: &result)
            return []
        }
    }

    private static func note(_ failure: FileFailure, of directory: String, in result: inout Matches) {
        // A file where another match has a directory, or one that was removed meanwhile, holds nothing.
        if case .open(let code) = failure, [ENOENT, ENOTDIR].contains(code) { return }
        result.unreadable.append((directory.isEmpty ? "." : directory, failure))
    }

    /// Its directory; for a glob, the directory above the first part with a wildcard.
    var directory: String {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.dropLast().prefix { part in !part.contains { "*?[".contains($0) } }
        let path = plain.joined(separator: "/")
        return path.isEmpty ? (description.hasPrefix("/") ? "/" : ".") : path
    }
}

/// Which requests count in a log that was never followed before.
public enum StartingPoint: Sendable, Hashable {
    /// All, from its first byte.
    case beginning
    /// Only those that are written after the start.
    case end
    /// Those of the last seconds before the log was first seen, by `stageTimestamp`, and all later ones.
    case recent(seconds: Double)

    /// The cut-off to use for a log. A kept one that is later than that of a log that is first seen now is from a clock
    /// that was ahead.
    ///
    /// - Parameters:
    ///   - kept: The log's cut-off, in seconds since 1970; `nil` if all of its requests count.
    ///   - now: Seconds since 1970.
    public func cutoff(_ kept: Double?, at now: Double) -> Double? {
        guard let kept else { return nil }
        switch self {
        case .recent(let seconds): return min(kept, now - seconds)
        case .beginning, .end: return kept > now ? nil : kept
        }
    }
}
