import Foundation
import TestSupport

/// A random history of one source on the exporters of a cluster.
struct SourceHistory: Sendable, CustomStringConvertible {
    static let length = 5 * 3600
    static let window = 3600
    static let scrapeInterval = 15

    /// The source's name.
    var name: String
    var exporters: [ExporterHistory]

    var description: String {
        "\(name):\n" + exporters.map { "  \($0)" }.joined(separator: "\n")
    }

    /// A source returns just when it was retired, and an hour later the rule looks for its counter at that time. It
    /// finds the old counter, which was higher. Random histories seldom contain this.
    static let found = SourceHistory(
        name: "found",
        exporters: [
            ExporterHistory(
                requests: [4140, 4140, 7735, 7735, 7735, 7735, 7735], disturbances: [], phase: 5, oldCounter: 7,
                retention: 4085, labels: ["origin": "verified"])
        ])

    /// Prometheus starts after the counter was created, and the pod is replaced within the next hour: the requests in
    /// between are only in the old series. Random histories seldom contain this either.
    static let replacedSoon = SourceHistory(
        name: "replaced_soon",
        exporters: [
            ExporterHistory(
                requests: [6000, 6010, 6020, 6030, 6040, 6050],
                disturbances: [Disturbance(kind: .prometheusAway, from: -100, to: 5400)], phase: 5, oldCounter: 7,
                retention: 7200,
                labelChanges: [
                    LabelChange(
                        from: 6900, to: 6900, labels: ["instance": "second", "pod": "second"], oldSeries: .marked)
                ],
                labels: ["origin": "verified"])
        ])

    /// Always the same, so that a failure is due to a change of the rules; `HISTORIES_SEED=7 swift test --filter
    /// RandomHistoriesTests` tests other histories.
    static var seed: UInt64 {
        ProcessInfo.processInfo.environment["HISTORIES_SEED"].flatMap(UInt64.init) ?? 1
    }

    /// Random histories, and the special ones.
    static func random(_ count: Int, seed: UInt64) -> [SourceHistory] {
        var random = SeededGenerator(seed: seed)
        return [found, replacedSoon] + (0..<count).map { SourceHistory.random("h\($0)", using: &random) }
    }

    /// Histories of a source that exporters count by its credentials. Two counters of one exporter share everything but
    /// their requests, and often the time at which they were created.
    static func randomWithCredentials(_ count: Int, seed: UInt64) -> [SourceHistory] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            var history = SourceHistory.random("c\(number)", using: &random)
            for index in history.exporters.indices {
                history.exporters[index].labels["credentials"] = "unknown"
                var other = history.exporters[index]
                other.labels["credentials"] = "none"
                other.requests = other.requests.filter { _ in Bool.random(using: &random) }
                if !other.requests.isEmpty { history.exporters.append(other) }
            }
            return history
        }
    }

    static func random(_ name: String, using random: inout SeededGenerator) -> SourceHistory {
        var exporters = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            ExporterHistory(
                requests: [], disturbances: disturbances(using: &random),
                phase: .random(in: 0..<scrapeInterval, using: &random),
                oldCounter: Int.random(in: 0..<3, using: &random) == 0 ? .random(in: 1...100, using: &random) : nil,
                retention: .random(in: window...2 * window, using: &random))
        }
        var times = [Int.random(in: 0..<length, using: &random)]
        for _ in 0..<Int.random(in: 1...7, using: &random) {
            let time = Int.random(in: 0..<length, using: &random)
            // Events about an hour after another event are where a window can be cut off wrongly.
            let echo = times.randomElement(using: &random).map { $0 + window + .random(in: -20...20, using: &random) }
            times.append(Bool.random(using: &random) ? time : echo ?? time)
        }
        for time in times {
            let pause = Bool.random(using: &random) ? 0 : Int.random(in: 20...900, using: &random)
            let exporter = Int.random(in: 0..<exporters.count, using: &random)
            for number in 0..<Int.random(in: 1...12, using: &random) where time + number * pause < length {
                exporters[exporter].requests.append(time + number * pause)
            }
        }
        let hasTwoClusters = Int.random(in: 0..<4, using: &random) == 0
        for index in exporters.indices {
            exporters[index].requests.sort()
            exporters[index].labels["origin"] = "verified"
            exporters[index].labels["node"] = "\(index)"
            if hasTwoClusters { exporters[index].labels["cluster"] = index == 0 ? "north" : "south" }
            exporters[index].isScrapedTwice = Int.random(in: 0..<8, using: &random) == 0
            exporters[index].labelChanges = labelChanges(beside: exporters[index].disturbances, using: &random)
        }
        return SourceHistory(name: name, exporters: exporters)
    }

    private static func disturbances(using random: inout SeededGenerator) -> [Disturbance] {
        var disturbances: [Disturbance] = []
        // Prometheus may start later than the exporter.
        var time = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 60...5400, using: &random) : 0
        if time > 0 { disturbances.append(Disturbance(kind: .prometheusAway, from: -100, to: time)) }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let from = time + .random(in: 240...7200, using: &random)
            // Of various lengths: one scrape, some minutes, up to half an hour, and longer.
            let longest = [15, 280, 1800, 9000].randomElement(using: &random) ?? 15
            time = from + .random(in: 15...max(15, longest), using: &random)
            guard time < length, let kind = Disturbance.Kind.allCases.randomElement(using: &random) else { break }
            disturbances.append(Disturbance(kind: kind, from: from, to: time))
        }
        return disturbances
    }

    /// Pods that are replaced while the exporter is down, and labels that are changed while it runs.
    private static func labelChanges(
        beside disturbances: [Disturbance], using random: inout SeededGenerator
    ) -> [LabelChange] {
        var periods: [(from: Int, to: Int)] = []
        for down in disturbances where down.stopsExporter && Bool.random(using: &random) {
            periods.append((down.from, down.to))
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let time = Int.random(in: 900..<length, using: &random)
            let isQuiet = disturbances.allSatisfy { time < $0.from - 600 || time > $0.to + 600 }
            // Two changes within the time that old series are used would be three series of one counter.
            if isQuiet, periods.allSatisfy({ time < $0.from - 900 || time > $0.to + 900 }) {
                periods.append((time, time))
            }
        }
        return periods.sorted { $0.from < $1.from }.enumerated().map { index, period in
            var labels = ["instance": Bool.random(using: &random) ? "first" : "pod\(index)", "pod": "\(index)"]
            // A target label with the name of one of ours: Prometheus renames ours.
            if Int.random(in: 0..<4, using: &random) == 0 {
                labels.merge(["country": "node", "exported_country": "Germany"]) { $1 }
            }
            let old: LabelChange.OldSeries =
                switch Int.random(in: 0..<3, using: &random) {
                case 0: .marked
                case 1: .left
                default: .scraped(seconds: .random(in: 0...300, using: &random))
                }
            return LabelChange(from: period.from, to: period.to, labels: labels, oldSeries: old)
        }
    }

    /// All series of the source, on all exporters.
    var series: [ScrapedSeries] {
        var series: [ScrapedSeries] = []
        for (index, exporter) in exporters.enumerated() {
            let samples = exporter.samples(every: Self.scrapeInterval, until: Self.length)
            for target in exporter.targets(samples, every: Self.scrapeInterval) {
                for job in exporter.isScrapedTwice ? ["pods", "services"] : ["pods"] {
                    series.append(
                        ScrapedSeries(
                            labels: target.labels.merging(["job": job]) { $1 }, samples: target.samples,
                            exporter: exporter.labels["node"].flatMap(Int.init) ?? index))
                }
            }
        }
        return series
    }

    /// Prometheus' samples of an exporter's scrapes, by their index; no value for a stale marker.
    static func stored<Value>(_ samples: [ScrapedSample], _ value: (SourceSeries) -> Value)
        -> [(index: Int, value: Value?)]
    {
        var wasThere = false
        var stored: [(index: Int, value: Value?)] = []
        for (index, sample) in samples.enumerated() {
            switch sample {
            case .scraped(let series?):
                stored.append((index, value(series)))
                wasThere = true
            case .scraped(nil), .failed(leavesMark: true):
                if wasThere { stored.append((index, nil)) }
                wasThere = false
            case .failed(leavesMark: false): break
            }
        }
        return stored
    }

    /// The same in promtool's notation.
    static func values(_ samples: [ScrapedSample], _ value: (SourceSeries) -> String) -> String {
        var texts = samples.map { _ in "_" }
        for (index, value) in stored(samples, value) { texts[index] = value ?? "stale" }
        var tokens: [(text: String, count: Int)] = []
        for text in texts {
            if tokens.last?.text == text { tokens[tokens.count - 1].count += 1 } else { tokens.append((text, 1)) }
        }
        return written(tokens)
    }

    /// Values with repetitions: `_x4` is four missing values, and `6x3` is 6 four times.
    static func written(_ tokens: [(text: String, count: Int)]) -> String {
        tokens.map { text, count in
            switch text {
            case "stale": "stale"
            case "_": "_x\(count)"
            default: count > 1 ? "\(text)x\(count - 1)" : text
            }
        }.joined(separator: " ")
    }
}

/// The samples of a source under one set of labels.
struct ScrapedSeries: Sendable {
    var labels: [String: String]
    var samples: [ScrapedSample]
    var exporter: Int

    /// The time that the exporter exposes, with a fraction that no other exporter has.
    func firstSeen(_ series: SourceSeries) -> Double { Double(series.firstSeen) + Double(exporter + 1) / 8 }
}
