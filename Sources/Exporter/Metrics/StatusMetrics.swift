import Exposition

/// Whether what the exporter works with is as it should be.
enum StatusMetrics {
    static func families(of status: Status) -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let areCurrent = status.locationsAreCurrent {
            families.append(
                flag(
                    "kube_audit_geoip_database_last_reload_successful",
                    "Whether the newest content of the database of locations is in use: 1 if so, else 0.", areCurrent))
        }
        if let storage = status.storage { families += self.storage(storage) }
        families.append(
            flag(
                "kube_audit_config_last_reload_successful",
                "Whether the last reload of configuration succeeded: 1 if so, else 0.", status.reload.isSuccessful))
        families.append(
            time(
                "kube_audit_config_last_reload_success_timestamp_seconds",
                "When configuration was last reloaded with success, in seconds since 1970.",
                status.reload.lastSuccess))
        return families
    }

    private static func storage(_ storage: StorageStatus) -> [MetricFamily] {
        [
            flag(
                "kube_audit_state_last_write_successful",
                "Whether counters and read positions were written when that was tried last: 1 if so, else 0.",
                storage.problem == nil),
            time(
                "kube_audit_state_last_write_timestamp_seconds",
                "When counters and read positions were written last, in seconds since 1970.", storage.lastWritten),
            flag(
                "kube_audit_state_restored",
                "Whether counters of before were found at the start: 1 if so, else 0.", storage.wasRestored),
            flag(
                "kube_audit_state_damaged",
                "Whether the state on disk was found damaged at the start, moved aside, and begun anew: 1 if so.",
                storage.wasDamaged),
        ]
    }

    private static func flag(_ name: String, _ help: String, _ isSet: Bool) -> MetricFamily {
        MetricFamily(name, help: help, kind: .gauge, samples: [Sample(isSet ? 1 : 0)])
    }

    private static func time(_ name: String, _ help: String, _ seconds: Double?) -> MetricFamily {
        MetricFamily(name, help: help, kind: .gauge, samples: seconds.map { [Sample(.number($0))] } ?? [])
    }
}
