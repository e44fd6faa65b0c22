import AccessScanning
import ConfigurationFiles
import HTTPServing
import Locations

/// A file that a flag names, as it was read at the start.
struct LoadedFile<Content: Sendable>: Sendable {
    let path: String
    let content: Content
    /// The versions of the file, and of those that it names, before they were read.
    let versions: FileVersions

    /// - Throws: `ConfigurationError` with the flag and the reason.
    init(
        _ path: String, flag: String, _ read: (String) -> FileReading<Content>
    ) throws(ConfigurationError) {
        let reading = FileReading(of: [path]) { read(path) }
        switch reading.result {
        case .success(let content): self.content = content
        case .failure(let error): throw ConfigurationError(flag: flag, reason: "\(error)", status: .configuration)
        }
        self.path = path
        versions = reading.versions
    }
}

/// How a file that a flag names is read again, and how its content is used.
struct ReloadableFile: Sendable {
    /// New content that is usable.
    struct Content: Sendable {
        /// Passes the content to its users.
        let use: @Sendable () async -> Void
    }

    /// The outcome of one read.
    struct Attempt: Sendable {
        var reading: FileReading<Content>
        /// Certificates of the configuration in use that were read although the configuration file itself cannot be
        /// used; `nil` if there are none.
        var certificates: Result<Content, ConfigurationFileError>?
    }

    /// The flag that names the file.
    let flag: String
    /// The versions that were read at the start.
    let versions: FileVersions
    /// The server whose certificates are among the files, as metrics name it, and its certificates.
    var server: (name: String, tls: ServerTLS)?
    /// Whether an error counts as a failed reload of configuration even if no reload was requested.
    var isConfiguration = true
    /// Reads the given files. The call blocks, and runs on the file's own queue.
    let read: @Sendable (_ files: [String]) -> Attempt
}

extension ReloadableFile {
    /// The filter of the analytic.
    static func filter(_ file: LoadedFile<RequestFilter>, for pipeline: Pipeline) -> ReloadableFile {
        ReloadableFile(flag: "--filter.file", versions: file.versions) { [path = file.path] files in
            let reading = FileReading(of: files) { ConfigurationFile.reread(path) { RequestFilter.read(path) } }
            return Attempt(reading: reading.map { filter in Content { await pipeline.use(filter) } })
        }
    }

    /// The location database. Its errors have a metric and an alert of their own.
    static func locations(_ file: LoadedFile<LocationDatabase>, for pipeline: Pipeline) -> ReloadableFile {
        ReloadableFile(
            flag: "--geoip.database", versions: file.versions, isConfiguration: false
        ) { [path = file.path] files in
            let reading = FileReading(of: files) { LocationDatabase.read(path) }
            return Attempt(reading: reading.map { database in Content { await pipeline.use(database) } })
        }
    }

    /// The configuration of a server, with the certificates that it names.
    ///
    /// - Parameters:
    ///   - flag: The flag that names the file.
    ///   - name: The server as metrics name it.
    static func web(_ file: LoadedFile<WebConfiguration>, flag: String, server name: String) -> ReloadableFile {
        let (path, tls, policy) = (file.path, file.content.tls, file.content.policy)
        return ReloadableFile(
            flag: flag, versions: file.versions, server: tls.map { (name, $0) }
        ) { files in
            let reading = FileReading(of: files) {
                var reading = ConfigurationFile.reread(path) { WebConfiguration.read(path) }
                if case .success(let new) = reading.result, (tls == nil) != (new.tls == nil) {
                    let reason = "TLS cannot be switched on or off without a restart"
                    reading.result = .failure(ConfigurationFileError(file: path, reason: reason))
                }
                // Certificates are renewed even while the configuration file cannot be used.
                if case .failure = reading.result { reading.files += tls?.files ?? [] }
                return reading
            }
            .map { new in
                Content {
                    if let newTLS = new.tls { tls?.adopt(newTLS) }
                    policy.adopt(new.policy)
                }
            }
            guard let tls, case .failure = reading.result else { return Attempt(reading: reading) }
            let certificates = Result { () throws(ConfigurationFileError) in try tls.reread() }
            return Attempt(reading: reading, certificates: certificates.map { new in Content { tls.adopt(new) } })
        }
    }
}

extension RequestFilter {
    /// Reads a filter file.
    static func read(_ path: String) -> FileReading<RequestFilter> {
        FileReading(
            Result { () throws(ConfigurationFileError) in
                let content = try ConfigurationFile.read(path, limit: fileSizeLimit)
                return try RequestFilter(content: content, file: path)
            }, files: [path])
    }
}

extension LocationDatabase {
    /// Opens a location database.
    static func read(_ path: String) -> FileReading<LocationDatabase> {
        FileReading(
            Result { () throws(ConfigurationFileError) in try LocationDatabase(path: path) }, files: [path])
    }
}
