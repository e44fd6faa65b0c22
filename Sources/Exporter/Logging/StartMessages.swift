import AccessScanning
import AuditSources
import Foundation
import Locations
import Logging
import StateStore

/// Logs the state, the filter and the locations with which the exporter starts.
enum StartMessages {
    static func log(
        _ configuration: Configuration, _ storage: (store: StateStore, stored: StoredState), _ holdback: Holdback
    ) {
        let logger = configuration.logger
        logger.info("Starting", metadata: ["version": "\(BuildInfo.current)"])
        for notice in configuration.notices {
            logger.warning("\(notice)")
        }
        log(configuration.storagePath, storage, logger)
        if holdback.duration > .zero {
            logger.info(
                "Down for over 30 minutes, or the clock was set back; exposing restored counters for 60 s before reading on"
            )
        }
        if let filter = configuration.filter {
            logger.info(
                "Filter loaded", metadata: ["file": "\(filter.path)", "entries": "\(filter.content.entries.count)"])
        }
        if let locations = configuration.locations {
            let about = locations.content.description
            logger.info(
                "Location database loaded",
                metadata: [
                    "file": "\(locations.path)", "type": "\(about.type)", "built": "\(time(about.built))",
                    "languages": "\(about.languages.joined(separator: ","))",
                    "cities": "\(about.hasCities ? "yes" : "no")",
                ])
        }
    }

    private static func log(
        _ path: String, _ storage: (store: StateStore, stored: StoredState), _ logger: Logger
    ) {
        if let damaged = storage.store.damaged {
            logger.error(
                "State database was damaged; starting with empty counters, logs will be re-read",
                metadata: ["moved_to": "\(damaged.path)", "reason": "\(damaged.reason)"])
        }
        guard let written = storage.stored.lastCheckpoint else {
            logger.info("No state to restore; counters start at zero", metadata: ["directory": "\(path)"])
            return
        }
        let analytics = storage.stored.detection.analytics.values
        logger.info(
            "State restored",
            metadata: [
                "directory": "\(path)", "last_written": "\(time(written))",
                "sources": "\(analytics.reduce(0) { $0 + $1.counters.count })",
                "networks": "\(analytics.reduce(0) { $0 + $1.networks.count })",
                "logs": "\(Set(storage.stored.positions.map(\.path)).count)",
            ])
    }

    /// A time as the lines of the log have it, to the second; `an unknown time` for an impossible one.
    static func time(_ seconds: Double) -> String {
        // Times on a disk may be any number; those before 1970 or after the year 9999 are no times of a log.
        guard (0..<253_402_300_800).contains(seconds) else { return "an unknown time" }
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
