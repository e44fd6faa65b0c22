import Glibc

/// What `stat` says about a file; as long as it is equal, the file need not be examined again.
struct FileVersion: Hashable {
    let inode: Inode
    /// In bytes.
    let size: Int
    /// The time of the last change of the content, in nanoseconds since 1970.
    let modified: Int
    /// The time of the last change of content or permissions, in nanoseconds since 1970.
    let changed: Int
    /// The number of names.
    let links: Int
    let isFile: Bool
    let isFIFO: Bool
    let isDirectory: Bool

    init(_ information: stat) {
        inode = Inode(information)
        size = max(0, information.st_size)
        modified = Self.nanoseconds(information.st_mtim)
        changed = Self.nanoseconds(information.st_ctim)
        links = Int(clamping: information.st_nlink)
        isFile = information.st_mode & S_IFMT == S_IFREG
        isFIFO = information.st_mode & S_IFMT == S_IFIFO
        isDirectory = information.st_mode & S_IFMT == S_IFDIR
    }

    init(path: String) throws(FileFailure) {
        var information = stat()
        guard stat(path, &information) == 0 else { throw .open(errno) }
        self.init(information)
    }

    /// Whether a file is the same one, at most with more content.
    func isStill(_ other: FileVersion) -> Bool {
        inode == other.inode && size <= other.size
    }

    /// Nanoseconds since 1970, saturated: file systems have times after the year 2262, where `Int` ends.
    static func nanoseconds(_ time: timespec) -> Int {
        let (nanoseconds, overflow) = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return time.tv_sec < 0 ? .min : .max }
        return nanoseconds.addingSaturated(time.tv_nsec)
    }
}

/// The files of a directory. It is read again when the directory changed, and its files are looked at again at most once
/// a second.
struct DirectoryListing {
    struct File {
        let name: String
        let version: FileVersion
        /// The names of the logs that it may be a rotated file of.
        let originals: Set<String>
    }

    /// What `stat` says about the directory, in nanoseconds since 1970.
    private struct Version: Equatable {
        let modified: Int
        /// Changes with the permissions, too.
        let changed: Int
    }

    private static let interval: Duration = .seconds(1)
    /// In nanoseconds, at least a tick of the kernel's clock. A second change within it does not change the time.
    private static let grain = 50_000_000

    let path: String
    private(set) var files: [File] = []
    /// Why it cannot be listed.
    private(set) var failure: FileFailure?
    private var originals: [String: Set<String>] = [:]
    // `nil` if it could not be listed, or changed so recently that the next change may not show.
    private var version: Version?
    private var lastRefresh: ContinuousClock.Instant?

    init(path: String) {
        self.path = path
    }

    /// Lists the directory, or looks at its files, unless both were done recently.
    ///
    /// - Returns: Whether something may have changed.
    mutating func refresh(at now: ContinuousClock.Instant) -> Bool {
        let current = Self.version(of: path)
        let isSame = current != nil && current == version && failure == nil
        if isSame, let lastRefresh, now - lastRefresh < Self.interval { return false }
        lastRefresh = now
        version = current
        do throws(FileFailure) {
            let names = isSame ? files.map(\.name) : try Self.names(in: path)
            // Without permission to search it, it can be listed, and none of its files can be examined.
            _ = try FileVersion(path: LogNames.joined(path, "."))
            if !isSame {
                originals = Dictionary(
                    uniqueKeysWithValues: names.map { ($0, originals[$0] ?? LogNames.originals(of: $0)) })
            }
            files = names.compactMap { name in
                guard let version = try? FileVersion(path: LogNames.joined(path, name)), version.isFile else {
                    return nil
                }
                return File(name: name, version: version, originals: originals[name] ?? [])
            }
            failure = nil
        } catch {
            files = []
            version = nil
            // A directory that does not exist is reported with the log.
            if case .open(let code) = error, [ENOENT, ENOTDIR].contains(code) {
                failure = nil
            } else {
                failure = error
            }
        }
        return true
    }

    private static func version(of path: String) -> Version? {
        var information = stat()
        var now = timespec()
        guard stat(path, &information) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
        let version = Version(
            modified: FileVersion.nanoseconds(information.st_mtim),
            changed: FileVersion.nanoseconds(information.st_ctim))
        return max(version.modified, version.changed) < FileVersion.nanoseconds(now) - grain ? version : nil
    }

    /// The names in a directory, without `.` and `..`.
    static func names(in path: String) throws(FileFailure) -> [String] {
        guard let handle = opendir(path) else { throw .open(errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(handle) else {
                guard errno == 0 else { throw .read(errno) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}
