import Exposition
import Foundation
import Glibc

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
            // The descriptor that lists them is included, but is open only for a moment.
            (
                openFiles,
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { SampleValue($0.count) }
            ),
            (maximumFiles, limit(RLIMIT_NOFILE)), (virtualMemory, process?.virtualBytes),
            (maximumVirtualMemory, limit(RLIMIT_AS)), (residentMemory, process?.residentBytes),
            (startTime, process?.startTime),
        ]
        return values.compactMap { metric, value in value.map { MetricFamily(metric, $0) } }
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
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
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
