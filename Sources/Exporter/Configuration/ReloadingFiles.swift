import AccessScanning
import ConfigurationFiles
import Locations

/// A location database that is opened again when its file changes.
typealias ReloadingLocationDatabase = ReloadingFile<LocationDatabase, ConfigurationFileError>

extension ReloadingLocationDatabase {
    init(path: String) throws(ConfigurationFileError) {
        try self.init(path: path) { (path) throws(ConfigurationFileError) in try LocationDatabase(path: path) }
    }

    func location(of address: IPAddress) -> Location {
        content.location(of: address)
    }
}

/// A filter that is read again when its file changes.
typealias ReloadingFilter = ReloadingFile<RequestFilter, ConfigurationFileError>

extension ReloadingFilter {
    init(path: String) throws(ConfigurationFileError) {
        try self.init(path: path) { (path) throws(ConfigurationFileError) in
            let content = try ConfigurationFile.read(path, limit: RequestFilter.fileSizeLimit)
            return try RequestFilter(content: content, file: path)
        }
    }
}
