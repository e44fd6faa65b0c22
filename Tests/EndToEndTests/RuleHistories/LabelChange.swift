/// A change of the labels of an exporter's target, as when its pod is replaced; seconds since the start of the history.
struct LabelChange: Sendable, Hashable, CustomStringConvertible {
    /// The last samples of the old series.
    enum OldSeries: Sendable, Hashable {
        /// Prometheus marks them as stale at once.
        case marked
        /// They have no mark, so Prometheus uses their last sample for five minutes.
        case left
        /// The old target answers for some more seconds, without counting.
        case scraped(seconds: Int)
    }

    /// The last scrape of the old target that shows new requests is before this time.
    var from: Int
    /// The first scrape of the new target is at or after this time.
    var to: Int
    var labels: [String: String]
    var oldSeries: OldSeries

    var description: String { "labels \(labels) \(from)..<\(to), old series \(oldSeries)" }
}

/// The samples of one exporter under one set of target labels.
struct TargetSeries: Sendable {
    var labels: [String: String]
    var samples: [ScrapedSample]
}

extension ExporterHistory {
    /// The samples of the exporter, by target. Each has all scrapes; those of other targets have left no mark.
    func targets(_ samples: [ScrapedSample], every interval: Int) -> [TargetSeries] {
        let nothing = ScrapedSample.failed(leavesMark: false)
        let starts = [Int.min] + labelChanges.map(\.to)
        return starts.indices.map { target in
            var own = samples.indices.map { $0 * interval >= starts[target] ? samples[$0] : nothing }
            if target < labelChanges.count {
                let change = labelChanges[target]
                let last = samples.indices.last { $0 * interval < change.from && samples[$0].isScrape }
                for index in samples.indices where index * interval >= change.from {
                    own[index] =
                        switch change.oldSeries {
                        case .marked: .failed(leavesMark: true)
                        case .left: nothing
                        case .scraped(let seconds):
                            index * interval < change.to + seconds
                                ? last.map { own[$0] } ?? nothing : .failed(leavesMark: true)
                        }
                }
            }
            let labels = target == 0 ? ["instance": "first"] : labelChanges[target - 1].labels
            return TargetSeries(labels: labels.merging(self.labels) { $1 }, samples: own)
        }
    }
}
