import Exposition
import Foundation
import Glibc

/// What the Prometheus client libraries say of the process itself.
///
/// Source: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>; what cannot be told is left
/// out.
enum ProcessMetrics {
    static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        let add = { (name: String, help: String, kind: MetricFamily.Kind, value: SampleValue?) in
            guard let value else { return }
            families.append(MetricFamily(name, help: help, kind: kind, samples: [Sample(value)]))
        }
        let process = ProcessStatus()
        add("process_cpu_seconds_total", "User and system CPU time spent in seconds.", .counter, process?.cpuSeconds)
        add(
            "process_open_fds", "Number of open file descriptors.", .gauge,
            // The one that lists them is open too, and not for long.
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { .integer(UInt64($0.count)) })
        add(
            "process_max_fds", "Maximum number of open file descriptors.", .gauge, limit(RLIMIT_NOFILE))
        add("process_virtual_memory_bytes", "Virtual memory size in bytes.", .gauge, process?.virtualBytes)
        add(
            "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", .gauge,
            limit(RLIMIT_AS))
        add("process_resident_memory_bytes", "Resident memory size in bytes.", .gauge, process?.residentBytes)
        add(
            "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", .gauge,
            process?.startTime)
        return families
    }

    private static func limit(_ resource: __rlimit_resource) -> SampleValue? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? .number(.infinity) : .integer(UInt64(limit.rlim_cur))
    }
}

/// What stands in `/proc/self/stat` (proc(5)).
private struct ProcessStatus {
    let cpuSeconds: SampleValue
    let virtualBytes: SampleValue
    let residentBytes: SampleValue
    let startTime: SampleValue

    init?() {
        // The program's name stands in brackets and may hold anything; all else are numbers.
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        // The first of these is the third of proc(5)'s.
        let fields = text[text.index(after: name)...].split(separator: " ").map { UInt64($0) ?? 0 }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        guard fields.count > 21, ticks > 0, let bootTime = Self.bootTime else { return nil }
        cpuSeconds = .number(Double(fields[11] + fields[12]) / ticks)
        virtualBytes = .integer(fields[20])
        residentBytes = .integer(fields[21] * UInt64(sysconf(Int32(_SC_PAGESIZE))))
        startTime = .number(bootTime + Double(fields[19]) / ticks)
    }

    /// When the machine started, in seconds since 1970: fixed, so that the start of the process does not move.
    private static let bootTime: Double? = {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }()
}
