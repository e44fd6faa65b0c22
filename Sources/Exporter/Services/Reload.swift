import Logging

/// Reads again the files that flags name. One that cannot be used is said, and the content before stays in use.
struct Reload: Sendable {
    let files: ReloadedFiles
    let certificates: ServedCertificates
    let logger: Logger

    /// - Returns: What cannot be used, for people; nothing where all can.
    @discardableResult
    func callAsFunction() async -> [String] {
        var problems = certificates.reload()
        let serversAreCurrent = problems.isEmpty
        let locationsError = await files.refreshLocations(always: true)
        if let locationsError { problems.append("--geoip.database: \(locationsError)") }
        if let error = await files.refreshFilter(always: true) { problems.append("--filter.file: \(error)") }
        await files.noteReload(serversAreCurrent: serversAreCurrent, othersAreCurrent: locationsError == nil)
        if problems.isEmpty {
            logger.info("Configuration reloaded")
        } else {
            logger.error(
                "Configuration cannot be reloaded; what cannot be used stays as it was",
                metadata: ["reason": "\(problems.joined(separator: "; "))"])
        }
        return problems
    }
}
