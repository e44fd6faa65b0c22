/// The results of a flood.
public struct FloodReport: Sendable {
    /// Addresses in the written lines: the expected sum over all series.
    public var sent = 0
    /// The sum over all sources, including retired ones.
    public var sum = 0
    /// The sum over all networks, which have only verified addresses.
    public var networkSum = 0
    /// Requests of the real source.
    public var expected = 0
    /// Its requests in the metrics.
    public var shown = 0
    /// The memory limit of the exporter, in bytes.
    public var memoryLimit = 0
    /// Its peak memory.
    public var peakMemory = 0
    /// The largest number of series of one family that may be created.
    public var seriesLimit = 0
    /// Series of a family that scrapes showed during the flood: those of sources, and those of networks.
    public var createdSources = 0, createdNetworks = 0
    /// The Prometheus beside it, at its end.
    public var prometheus = PrometheusFigures()
    /// Durations of scrapes during the flood.
    public var scrapes: [Duration] = []
    /// The same afterwards.
    public var quietScrapes: [Duration] = []
    /// Series of the last scrape.
    public var series = 0
    /// Bytes of the last scrape.
    public var bytes = 0
    /// The time that the exporter took to count everything.
    public var duration: Duration = .zero

    /// Number of kills.
    public var kills = 0

    /// Records the memory of one run of the exporter, in bytes.
    mutating func note(peakMemory bytes: Int?) {
        peakMemory = max(peakMemory, bytes ?? 0)
    }

    /// Violations as messages; empty if there are none.
    public var faults: [String] {
        var faults: [String] = []
        if shown != expected { faults.append("the real source made \(expected) requests and shows \(shown)") }
        if sum != sent { faults.append("\(sent) addresses were sent, and the sum over all sources is \(sum)") }
        if 2 * networkSum != sent + expected {
            faults.append("\((sent + expected) / 2) requests were made, and the sum over all networks is \(networkSum)")
        }
        if peakMemory >= memoryLimit {
            faults.append("\(peakMemory >> 20) MiB of memory were resident, \(memoryLimit >> 20) are allowed")
        }
        for (created, kind) in [(createdSources, "sources"), (createdNetworks, "networks")]
        where created > seriesLimit {
            faults.append("\(created) series of \(kind) were created in a family, \(seriesLimit) are allowed")
        }
        if scrapes.isEmpty { faults.append("there was no scrape while it was flooded") }
        return faults
    }

    /// The figures, in one line.
    public var line: String {
        """
        sent=\(sent) sum=\(sum) networks=\(networkSum) real=\(shown)/\(expected) peak_mib=\(peakMemory >> 20) \
        scrapes=\(scrapes.count) scrape_median_ms=\(Self.milliseconds(scrapes, 0.5)) \
        scrape_p95_ms=\(Self.milliseconds(scrapes, 0.95)) scrape_worst_ms=\(Self.milliseconds(scrapes, 1)) \
        afterwards_median_ms=\(Self.milliseconds(quietScrapes, 0.5)) \
        afterwards_worst_ms=\(Self.milliseconds(quietScrapes, 1)) series=\(series) created_sources=\(createdSources) \
        created_networks=\(createdNetworks) prometheus_head_series=\(prometheus.headSeries) \
        prometheus_created=\(prometheus.created) prometheus_mib=\(prometheus.memory >> 20) kills=\(kills) bytes=\(bytes) \
        seconds=\(duration / .seconds(1))
        """
    }

    /// The duration that this share of them does not exceed.
    private static func milliseconds(_ durations: [Duration], _ share: Double) -> Int {
        let sorted = durations.sorted()
        guard !sorted.isEmpty else { return 0 }
        return Int(sorted[Int((Double(sorted.count - 1) * share).rounded())] / .milliseconds(1))
    }
}

/// What the series cost a Prometheus, from its own metrics.
public struct PrometheusFigures: Sendable, Hashable {
    /// Series in memory: `prometheus_tsdb_head_series`.
    public var headSeries = 0
    /// Series created since its start: `prometheus_tsdb_head_series_created_total`.
    public var created = 0
    /// Resident memory in bytes.
    public var memory = 0

    /// Zeros.
    public init() {}

    /// The figures in a text of metrics.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let value = Double(parts[1]) else { continue }
            switch parts[0] {
            case "prometheus_tsdb_head_series": headSeries = Int(value)
            case "prometheus_tsdb_head_series_created_total": created = Int(value)
            case "process_resident_memory_bytes": memory = Int(value)
            default: break
            }
        }
    }
}
