import Glibc

/// A log as it is named on the command line: a path, or a glob for several.
public struct LogPattern: Sendable, Hashable, CustomStringConvertible {
    /// As it was given.
    public let description: String

    /// - Parameter text: A path or a glob; not empty.
    public init?(_ text: String) {
        guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
        description = text
    }

    /// Whether it may stand for several files.
    var isGlob: Bool { description.contains { "*?[".contains($0) } && access(description, F_OK) != 0 }

    /// The paths that it stands for now; a path that is no glob, whether it is there or not.
    func paths() -> [String] {
        guard isGlob else { return [description] }
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(description, 0, nil, &result) == 0, let names = result.gl_pathv else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { names[$0].map { String(cString: $0) } }
    }

    /// The directory in which it lies; of a glob, the one above its first part that is no plain name.
    var directory: String {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.dropLast().prefix { part in !part.contains { "*?[".contains($0) } }
        let path = plain.joined(separator: "/")
        return path.isEmpty ? (description.hasPrefix("/") ? "/" : ".") : path
    }
}

/// Where a log that was never seen before is begun, if it is there at the start. One that appears later is always read
/// from its beginning.
public enum StartingPoint: String, Sendable, Hashable, CaseIterable {
    /// With its first byte.
    case beginning
    /// With what is written from now on.
    case end
}
