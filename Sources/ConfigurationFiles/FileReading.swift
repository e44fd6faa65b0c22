/// The outcome of reading a configuration file together with the files that it names.
public struct FileReading<Content: Sendable>: Sendable {
    /// The content, or the reason why it cannot be used.
    public var result: Result<Content, ConfigurationFileError>
    /// The paths of all files that were read or tried, as far as they are known.
    public var files: [String]
    /// The versions that these files had before they were read.
    public private(set) var versions = FileVersions()
    /// Whether no file changed while they were read.
    public private(set) var isConsistent = true

    /// An outcome whose versions are not known yet.
    public init(_ result: Result<Content, ConfigurationFileError>, files: [String]) {
        self.result = result
        self.files = files
    }

    /// Reads, and determines the versions of what was read. The call blocks for as long as the file systems take.
    ///
    /// Versions are taken before the read, so that a change during the read is found at the next look. The names of
    /// some files are only known after a read; then it is done once more.
    ///
    /// - Parameters:
    ///   - files: The files that are known to be read.
    ///   - read: Reads them, and lists all that it has read.
    public init(of files: [String], _ read: () -> FileReading) {
        var versions = FileVersions(of: files)
        var reading = read()
        if !versions.contain(reading.files) {
            versions = FileVersions(of: reading.files)
            reading = read()
        }
        self = reading
        self.versions = versions
        isConsistent = versions.contain(reading.files) && FileVersions(of: Array(versions.paths)) == versions
    }

    /// The same outcome with other content.
    public func map<New>(_ transform: (Content) -> New) -> FileReading<New> {
        var new = FileReading<New>(result.map(transform), files: files)
        new.versions = versions
        new.isConsistent = isConsistent
        return new
    }
}

/// The versions of several files at one moment.
public struct FileVersions: Sendable, Hashable {
    private var byPath: [String: FileVersion?] = [:]

    /// No files.
    public init() {}

    /// Looks at files. The call blocks for as long as the file systems take to answer.
    public init(of paths: [String]) {
        for path in paths { byPath.updateValue(FileVersion(path: path), forKey: path) }
    }

    /// The paths of the files.
    public var paths: Dictionary<String, FileVersion?>.Keys { byPath.keys }

    func contain(_ paths: [String]) -> Bool { paths.allSatisfy { byPath.keys.contains($0) } }
}

/// Decides when changed files are read again. A value: it is told what was seen and when, and looks at no disk.
///
/// A program that writes a file empties it first: read at that moment, a filter has no entries and a web configuration
/// no users. Changed files are therefore read when two looks, `settlingTime` apart, have found the same versions.
public struct FileChanges: Sendable {
    /// How long versions must stay the same before the files are read.
    public static let settlingTime: Duration = .milliseconds(400)
    /// How long after an unsuccessful read unchanged files are tried again: the reason may lie outside of them.
    public static let retryTime: Duration = .seconds(10)

    /// What to do after a look.
    public enum Decision: Sendable, Hashable {
        /// The files are those that were read last.
        case leave
        /// The files changed a moment ago; look again after this time.
        case wait(Duration)
        /// Read the files now.
        case read
    }

    private var read: FileVersions
    private var seen: FileVersions
    private var seenSince: ContinuousClock.Instant
    private var retryAt: ContinuousClock.Instant?

    /// - Parameters:
    ///   - versions: The versions that were read at the start.
    ///   - now: The time of that.
    public init(_ versions: FileVersions, at now: ContinuousClock.Instant) {
        read = versions
        seen = versions
        seenSince = now
    }

    /// The files to look at.
    public var files: [String] { Array(read.paths) }

    /// Notes a look at the files.
    ///
    /// - Parameters:
    ///   - versions: The versions that were seen.
    ///   - now: The time of the look.
    ///   - isRequested: Whether someone asked for the files to be read even if they have not changed.
    public mutating func look(
        _ versions: FileVersions, at now: ContinuousClock.Instant, isRequested: Bool = false
    ) -> Decision {
        if versions != seen {
            seen = versions
            seenSince = now
        }
        let isWanted = isRequested || versions != read || retryAt.map { now >= $0 } ?? false
        guard isWanted else { return .leave }
        let age = seenSince.duration(to: now)
        return age >= Self.settlingTime ? .read : .wait(Self.settlingTime - age)
    }

    /// Notes that files were read.
    ///
    /// - Parameters:
    ///   - versions: The versions that were read.
    ///   - isUsable: Whether their content can be used.
    ///   - now: The time.
    public mutating func didRead(_ versions: FileVersions, isUsable: Bool, at now: ContinuousClock.Instant) {
        if versions != seen {
            seen = versions
            seenSince = now
        }
        read = versions
        retryAt = isUsable ? nil : now + Self.retryTime
    }
}
