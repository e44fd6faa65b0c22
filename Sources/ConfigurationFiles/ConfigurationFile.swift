import Glibc

/// Reads small files as a whole.
public enum ConfigurationFile {
    /// Reads a file again, unless it is empty: a program may have emptied it to write it, and without its entries a
    /// filter excludes nothing, and a web configuration admits everyone.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - read: Reads it.
    public static func reread<Content>(
        _ path: String, _ read: () -> FileReading<Content>
    ) -> FileReading<Content> {
        guard FileVersion(path: path)?.isEmpty == true else { return read() }
        let reason = "the file is empty, and may be being written; restart the exporter to use it"
        return FileReading(.failure(ConfigurationFileError(file: path, reason: reason)), files: [path])
    }

    /// The content of a file. The call blocks for as long as the file system takes to answer.
    ///
    /// - Parameters:
    ///   - path: The path of the file. A FIFO without a writer is not waited for.
    ///   - limit: The most bytes that the file may have.
    /// - Throws: `ConfigurationFileError` if the file cannot be read or is longer than `limit`.
    public static func read(_ path: String, limit: Int) throws(ConfigurationFileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ConfigurationFileError(file: path, systemError: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { return content }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ConfigurationFileError(file: path, systemError: errno) }
            content += piece.prefix(count)
            guard content.count <= limit else {
                throw ConfigurationFileError(file: path, reason: "the file is longer than \(limit >> 10) KiB")
            }
        }
    }
}

/// Distinguishes one version of a file from another without reading the file.
///
/// Two equal versions hold the same content, except for writes within one tick of the file system's clock (some
/// milliseconds).
public struct FileVersion: Sendable, Hashable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Time
    // Programs that copy a file together with its modification time cannot set this one.
    private let changed: Time

    private struct Time: Hashable {
        // As the system gives them: never calculated with, so no time on a disk can overflow.
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// Whether the file has no bytes; of a FIFO or a device it is not known, and taken for true.
    var isEmpty: Bool { size == 0 }

    /// The current version of a file, links followed; `nil` if there is none. The call blocks for as long as the file
    /// system takes to answer.
    public init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        device = information.st_dev
        inode = information.st_ino
        size = information.st_size
        modified = Time(information.st_mtim)
        changed = Time(information.st_ctim)
    }
}

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

    /// Reads files and determines their versions. The call blocks for as long as the file systems take.
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
