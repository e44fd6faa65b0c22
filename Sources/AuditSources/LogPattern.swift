import Glibc

/// A log as given on the command line: a path, or a glob for several files.
public struct LogPattern: Sendable, Hashable, CustomStringConvertible {
    /// The text as given.
    public let description: String

    /// - Parameter text: A path or a glob; not empty.
    public init?(_ text: String) {
        guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
        description = text
    }

    /// Whether it may match several files.
    var isGlob: Bool { description.contains { "*?[".contains($0) } && access(description, F_OK) != 0 }

    /// The paths that it matches now. A path that is not a glob need not exist.
    func paths() -> [String] {
        guard isGlob else { return [description] }
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(description, 0, nil, &result) == 0, let names = result.gl_pathv else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { names[$0].map { String(cString: $0) } }
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
}
