/// What a flood did to the exporter.
public struct FloodReport: Sendable {
    /// Addresses in the lines that were written: the sum that all series must have.
    public var sent = 0
    /// The sum over all sources, with those that were retired.
    public var sum = 0
    /// The sum over all networks, of verified addresses alone.
    public var networkSum = 0
    /// Requests of the real source.
    public var expected = 0
    /// What is shown of it.
    public var shown = 0
    /// How much memory the exporter may take, in bytes.
    public var memoryLimit = 0
    /// The most that it had.
    public var peakMemory = 0
    /// How long scrapes took while it was flooded.
    public var scrapes: [Duration] = []
    /// The same afterwards.
    public var quietScrapes: [Duration] = []
    /// Series of the last scrape.
    public var series = 0
    /// Its bytes.
    public var bytes = 0
    /// How long the exporter took to count all of it.
    public var duration: Duration = .zero

    /// How often the exporter was killed.
    public var kills = 0

    /// Takes note of what one life of the exporter took, in bytes.
    mutating func note(peakMemory bytes: Int?) {
        peakMemory = max(peakMemory, bytes ?? 0)
    }

    /// What must not be, for people; none where all is well.
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
        afterwards_worst_ms=\(Self.milliseconds(quietScrapes, 1)) series=\(series) kills=\(kills) bytes=\(bytes) \
        seconds=\(duration / .seconds(1))
        """
    }

    /// The duration that a share of them does not exceed.
    private static func milliseconds(_ durations: [Duration], _ share: Double) -> Int {
        let sorted = durations.sorted()
        guard !sorted.isEmpty else { return 0 }
        return Int(sorted[Int((Double(sorted.count - 1) * share).rounded())] / .milliseconds(1))
    }
}
