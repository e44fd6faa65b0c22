import AccessScanning
import ConfigurationFiles
import Logging

/// The filter and the location database, which are read again when their files change.
actor ReloadedFiles {
    private let pipeline: Pipeline
    private let logger: Logger
    private let now: @Sendable () -> Double
    private var locations: ReloadingLocationDatabase?
    private var filter: ReloadingFilter?

    private var status: StatusBoard { pipeline.status }

    init(_ configuration: Configuration, pipeline: Pipeline, now: @escaping @Sendable () -> Double) {
        self.pipeline = pipeline
        self.now = now
        logger = configuration.logger
        locations = configuration.locations
        filter = configuration.filter
    }

    /// Opens the location database again if its file changed, or in any case.
    ///
    /// - Returns: Why it cannot be used; `nil` where it can.
    @discardableResult
    func refreshLocations(always: Bool = false) async -> ConfigurationFileError? {
        guard let outcome = locations?.refresh(always: always) else { return nil }
        switch outcome {
        case .unchanged: return nil
        case .reloaded:
            logger.info("Location database was loaded again")
            if let locations { await pipeline.use(locations.content) }
            status.update { $0.locationsAreCurrent = true }
            return nil
        case .failed(let error):
            logger.error("Location database cannot be loaded; the previous version stays active", error: error)
            status.update { $0.locationsAreCurrent = false }
            return error
        }
    }

    /// Reads the filter again if its file changed, or in any case.
    ///
    /// - Parameter always: To read it in any case; then the caller logs the outcome.
    /// - Returns: Why it cannot be used; `nil` where it can, or did not change.
    @discardableResult
    func refreshFilter(always: Bool = false) async -> ConfigurationFileError? {
        guard let outcome = filter?.refresh(always: always), outcome != .unchanged else { return nil }
        if case .failed(let error) = outcome {
            if !always { logger.error("Filter cannot be loaded; the previous version stays active", error: error) }
            note(filterIsCurrent: false)
            return error
        }
        if let filter { await pipeline.use(filter.content) }
        if !always { logger.info("Filter was loaded again") }
        note(filterIsCurrent: true)
        return nil
    }

    private func note(filterIsCurrent: Bool) {
        update { $0.filterIsCurrent = filterIsCurrent }
    }

    /// Notes whether the servers' configuration files are in force.
    func noteServers(areCurrent: Bool) {
        update { $0.serversAreCurrent = areCurrent }
    }

    /// Notes the outcome of a reload, the filter's excepted.
    func noteReload(serversAreCurrent: Bool, othersAreCurrent: Bool) {
        update {
            $0.serversAreCurrent = serversAreCurrent
            $0.othersAreCurrent = othersAreCurrent
        }
    }

    private func update(_ change: (inout ReloadStatus) -> Void) {
        status.update { [now] status in
            change(&status.reload)
            if status.reload.isSuccessful { status.reload.lastSuccess = now() }
        }
    }
}
