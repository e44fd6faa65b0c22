import AuditSources
import CBuildInfo
import Exposition
import Foundation
import Glibc

/// The metrics of the status board: logs, storage, reloads and certificates.
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
    static let filesNotFollowed = Metric(
        "kube_audit_log_files_not_followed", .gauge,
        "Files that the flag matches and that are not followed; the exporter's log has the reasons.", labels: ["log"])
    static let rotatedLogsUnread = Metric(
        "kube_audit_rotated_logs_unread", .gauge,
        "Rotated files of the log that were found and cannot be read; the exporter's log has the reasons.",
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
    static let writes = Metric(
        "kube_audit_state_writes_total", .counter, "Writes of counters and read positions, including failed ones.")
    static let writeFailures = Metric(
        "kube_audit_state_write_failures_total", .counter,
        "Failed writes of counters and read positions; the next write includes their changes.")
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

    static let reloads = Metric(
        "kube_audit_config_reloads_total", .counter,
        "Reloads of configuration, including failed ones: on request, and when a file changed.")
    static let reloadFailures = Metric(
        "kube_audit_config_reload_failures_total", .counter,
        "Failed reloads of configuration; files with errors kept their previous version.")
    static let certificatesAreCurrent = Metric(
        "kube_audit_tls_certificates_last_reload_successful", .gauge,
        "Whether the newest certificates on disk are in use: 1 if so, else 0.", labels: ["server"],
        condition: "with TLS")
    static let certificateNotAfter = Metric(
        "kube_audit_tls_certificate_not_after_timestamp_seconds", .gauge,
        "When the served certificate expires, or the first of its chain, in seconds since 1970.", labels: ["server"],
        condition: "with TLS")

    static let scrapes = Metric("kube_audit_scrapes_total", .counter, "Requests for the metrics since the start.")
    static let logMessages = Metric(
        "kube_audit_exporter_log_messages_total", .counter, "Messages of the exporter's own log.", labels: ["level"])
    static let droppedLines = Metric(
        "kube_audit_exporter_log_lines_dropped_total", .counter,
        "Lines of the exporter's own log that were dropped, since standard error did not take them.")

    /// In the order in which they are exposed.
    static let metrics = [
        logReadable, logUnreadBytes, logReadErrors, logTruncations, filesNotFollowed, rotatedLogsUnread,
        locationsAreCurrent, lastWriteSuccessful, lastWrite,
        writes, writeFailures, stateRestored, stateDamaged, reloadSuccessful, lastReload, reloads, reloadFailures,
        scrapes, logMessages, droppedLines, certificatesAreCurrent, certificateNotAfter,
    ]

    /// - Parameters:
    ///   - scrapes: The number of scrapes.
    ///   - now: Seconds since 1970. No time is shown that lies in its future: the clock may have been set back.
    static func families(
        of status: Status, scrapes: UInt64 = 0, at now: Double = Date.now.timeIntervalSince1970
    ) -> [MetricFamily] {
        let byLog = { (metric: Metric, value: (LogState) -> SampleValue) in
            MetricFamily(metric, status.logs.map { metric.sample(value($0), $0.log) })
        }
        var families = [
            byLog(logReadable) { SampleValue($0.problem == nil) },
            byLog(logUnreadBytes) { SampleValue($0.unreadBytes) },
            byLog(logReadErrors) { .integer($0.readErrors) },
            byLog(logTruncations) { .integer($0.truncations) },
            byLog(filesNotFollowed) { SampleValue($0.notFollowed.count) },
            byLog(rotatedLogsUnread) { SampleValue($0.unreadRotated.count) },
        ]
        if let areCurrent = status.locationsAreCurrent {
            families.append(MetricFamily(locationsAreCurrent, SampleValue(areCurrent)))
        }
        if let storage = status.storage {
            families += [
                MetricFamily(lastWriteSuccessful, SampleValue(storage.problem == nil)),
                MetricFamily(lastWrite, storage.lastWritten.map { .number(min($0, now)) }),
                MetricFamily(writes, .integer(storage.writes)),
                MetricFamily(writeFailures, .integer(storage.writeFailures)),
                MetricFamily(stateRestored, SampleValue(storage.wasRestored)),
                MetricFamily(stateDamaged, SampleValue(storage.wasDamaged)),
            ]
        }
        families += [
            MetricFamily(reloadSuccessful, SampleValue(status.reload.isSuccessful)),
            MetricFamily(lastReload, .number(min(status.reload.lastSuccess, now))),
            MetricFamily(reloads, .integer(status.reload.attempts)),
            MetricFamily(reloadFailures, .integer(status.reload.failures)),
            MetricFamily(Self.scrapes, .integer(scrapes)),
            MetricFamily(
                logMessages, LogMessages.standard.counts.map { logMessages.sample(.integer($0.messages), $0.level) }),
            MetricFamily(droppedLines, .integer(LineWriter.standardError.droppedLines)),
        ]
        guard !status.certificates.isEmpty else { return families }
        let byServer = { (metric: Metric, value: (CertificateStatus) -> SampleValue) in
            MetricFamily(metric, status.certificates.map { metric.sample(value($0), $0.server) })
        }
        return families + [
            byServer(certificatesAreCurrent) { SampleValue($0.isCurrent) },
            byServer(certificateNotAfter) { .number($0.notAfter) },
        ]
    }
}

/// The metrics of the process, as the Prometheus client libraries define them.
///
/// Source: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>. A value that the system does
/// not tell is left out.
enum ProcessMetrics {
    static let cpu = Metric("process_cpu_seconds_total", .counter, "User and system CPU time spent in seconds.")
    static let openFiles = Metric("process_open_fds", .gauge, "Number of open file descriptors.")
    static let maximumFiles = Metric("process_max_fds", .gauge, "Maximum number of open file descriptors.")
    static let virtualMemory = Metric("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
    static let maximumVirtualMemory = Metric(
        "process_virtual_memory_max_bytes", .gauge, "Maximum amount of virtual memory available in bytes.")
    static let residentMemory = Metric("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
    static let startTime = Metric(
        "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")

    /// In the order in which they are exposed.
    static let metrics = [
        cpu, openFiles, maximumFiles, virtualMemory, maximumVirtualMemory, residentMemory, startTime,
    ]

    static func families() -> [MetricFamily] {
        let process = ProcessStatus()
        let values: [(Metric, SampleValue?)] = [
            (cpu, process?.cpuSeconds),
            (openFiles, openDescriptors.map { SampleValue($0) }),
            (maximumFiles, limit(RLIMIT_NOFILE)), (virtualMemory, process?.virtualBytes),
            (maximumVirtualMemory, limit(RLIMIT_AS)), (residentMemory, process?.residentBytes),
            (startTime, process?.startTime),
        ]
        return values.compactMap { metric, value in value.map { MetricFamily(metric, $0) } }
    }

    private static var openDescriptors: Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without the directory, the one above it, and the descriptor that lists them.
        return count - 3
    }

    private static func limit(_ resource: __rlimit_resource) -> SampleValue? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? .number(.infinity) : .integer(UInt64(limit.rlim_cur))
    }
}

/// The process's line in `/proc/self/stat` (proc(5)).
private struct ProcessStatus {
    let cpuSeconds: SampleValue
    let virtualBytes: SampleValue
    let residentBytes: SampleValue
    let startTime: SampleValue

    init?() {
        // The program's name is in parentheses and may hold anything; all other fields are numbers.
        guard let text = KernelFile.text(of: "/proc/self/stat"),
            let name = text.lastIndex(of: ")")
        else { return nil }
        // The first of these is the third of proc(5)'s.
        let fields = text[text.index(after: name)...].split(separator: " ").map { UInt64($0) ?? 0 }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        guard fields.count > 21, ticks > 0, let bootTime = Self.bootTime else { return nil }
        cpuSeconds = .number(Double(fields[11] &+ fields[12]) / ticks)
        virtualBytes = .integer(fields[20])
        residentBytes = .integer(fields[21] &* UInt64(sysconf(Int32(_SC_PAGESIZE))))
        startTime = .number(bootTime + Double(fields[19]) / ticks)
    }

    /// When the machine started, in seconds since 1970: read once, so that the start of the process does not move.
    private static let bootTime: Double? = {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }()
}

/// Which build this is.
public struct BuildInfo: Sendable, Hashable, CustomStringConvertible {
    static let metric = Metric(
        "kube_audit_exporter_build_info", .gauge, "Always 1; the labels identify the build.",
        labels: ["version", "revision", "swift_version"])

    /// The exporter's version.
    public let version: String
    /// The git revision that it was built from; `unknown` if the build did not set it.
    public let revision: String
    /// The Swift version that compiled it; `unknown` if the build did not set it.
    public let swiftVersion: String

    /// The running program.
    public static let current = BuildInfo(
        version: String(cString: kube_audit_version()), revision: String(cString: kube_audit_revision()),
        swiftVersion: String(cString: kube_audit_swift_version()))

    /// The text that `--version` prints, in the form of Prometheus' programs.
    public var details: String {
        """
        kube-audit-exporter, version \(version) (revision: \(revision))
          swift version:    \(swiftVersion)
          platform:         \(Self.platform)
        """
    }

    private static var platform: String {
        #if arch(x86_64)
        "linux/amd64"
        #elseif arch(arm64)
        "linux/arm64"
        #else
        "linux"
        #endif
    }

    /// One line, for logs and pages.
    public var description: String {
        "kube-audit-exporter, version \(version) (revision: \(revision), swift: \(swiftVersion))"
    }

    var family: MetricFamily {
        MetricFamily(Self.metric, [Self.metric.sample(1, version, revision, swiftVersion)])
    }
}
