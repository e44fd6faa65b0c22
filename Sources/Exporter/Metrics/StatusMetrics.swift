import AuditSources
import Exposition

/// The metrics of the status board: logs, storage and reloads.
enum StatusMetrics {
    static let logReadable = Metric(
        "kube_audit_log_readable", .gauge, "Whether the log can be read: 1 if so, else 0.", labels: ["log"])
    static let logUnreadBytes = Metric(
        "kube_audit_log_unread_bytes", .gauge, "Bytes of the log that have not been read yet.", labels: ["log"])
    static let logReadErrors = Metric(
        "kube_audit_log_read_errors_total", .counter,
        "Failed reads of the log, as of a bad disk; reading is tried again at least once a second.", labels: ["log"])
    static let logTruncations = Metric(
        "kube_audit_log_truncations_total", .counter,
        "Truncations of the log in place; it was then read from its start.",
        labels: ["log"])
    static let locationsAreCurrent = Metric(
        "kube_audit_geoip_database_last_reload_successful", .gauge,
        "Whether the newest content of the location database is in use: 1 if so, else 0.",
        condition: "with `--geoip.database`")
    static let lastWriteSuccessful = Metric(
        "kube_audit_state_last_write_successful", .gauge,
        "Whether the last write of counters and read positions succeeded: 1 if so, else 0.")
    static let lastWrite = Metric(
        "kube_audit_state_last_write_timestamp_seconds", .gauge,
        "When counters and read positions were last written, in seconds since 1970.",
        details: "They are written at least once a minute.")
    static let stateRestored = Metric(
        "kube_audit_state_restored", .gauge, "Whether counters were restored at the start: 1 if so, else 0.")
    static let stateDamaged = Metric(
        "kube_audit_state_damaged", .gauge,
        "Whether the state was damaged at the start, and was moved aside to begin with empty counters: 1 if so, else 0."
    )
    static let reloadSuccessful = Metric(
        "kube_audit_config_last_reload_successful", .gauge,
        "Whether the last reload of configuration succeeded: 1 if so, else 0.")
    static let lastReload = Metric(
        "kube_audit_config_last_reload_success_timestamp_seconds", .gauge,
        "When a reload of configuration last succeeded, in seconds since 1970.")

    /// In the order in which they are exposed.
    static let metrics = [
        logReadable, logUnreadBytes, logReadErrors, logTruncations, locationsAreCurrent, lastWriteSuccessful, lastWrite,
        stateRestored, stateDamaged,
        reloadSuccessful, lastReload,
    ]

    static func families(of status: Status) -> [MetricFamily] {
        var families = [
            MetricFamily(
                logReadable, status.logs.map { logReadable.sample(SampleValue($0.problem == nil), $0.log) }),
            MetricFamily(
                logUnreadBytes, status.logs.map { logUnreadBytes.sample(SampleValue($0.unreadBytes), $0.log) }),
            MetricFamily(
                logReadErrors, status.logs.map { logReadErrors.sample(.integer($0.readErrors), $0.log) }),
            MetricFamily(
                logTruncations, status.logs.map { logTruncations.sample(.integer($0.truncations), $0.log) }),
        ]
        if let areCurrent = status.locationsAreCurrent {
            families.append(MetricFamily(locationsAreCurrent, SampleValue(areCurrent)))
        }
        if let storage = status.storage {
            families += [
                MetricFamily(lastWriteSuccessful, SampleValue(storage.problem == nil)),
                MetricFamily(lastWrite, storage.lastWritten.map(SampleValue.number)),
                MetricFamily(stateRestored, SampleValue(storage.wasRestored)),
                MetricFamily(stateDamaged, SampleValue(storage.wasDamaged)),
            ]
        }
        return families + [
            MetricFamily(reloadSuccessful, SampleValue(status.reload.isSuccessful)),
            MetricFamily(lastReload, .number(status.reload.lastSuccess)),
        ]
    }
}
