/// The life of a counter in the past: from the first request of its source, or network, until it was retired.
///
/// It has the samples that a running exporter would have shown, at regular times, as far as they matter: from one sample
/// before a request until the request has left the window of the alert rules and Prometheus no longer uses the sample.
/// Between requests that are further apart there are none. The first requests after a regular sample also have samples at
/// their own times, so that an alert of the past is not late.
public struct CounterLife: Sendable {
    /// When samples are taken. All times are microseconds since 1970, all durations microseconds.
    public struct Sampling: Sendable, Hashable {
        /// The time between two regular samples, which are at its multiples.
        public var step: Int64
        /// The most samples within a step that are at the times of requests.
        public var requestSamples: Int
        /// Times of requests that have a sample of their own in any case.
        public var notable: Set<Int64> = []
        /// How long samples are taken after a request: the window of the rules, and the five minutes for which Prometheus
        /// uses a sample.
        public var tail: Int64
        /// No sample is later.
        public var end: Int64

        /// - Parameters:
        ///   - step: The time between two regular samples.
        ///   - requestSamples: The most samples within a step that are at the times of requests.
        ///   - window: The window of the rules.
        ///   - end: The latest time of a sample.
        public init(step: Int64, requestSamples: Int, window: Int64, end: Int64) {
            self.step = step
            self.requestSamples = requestSamples
            tail = window + 300_000_000
            self.end = end
        }

        /// The first time of a regular sample that is not before `time`.
        func time(from time: Int64) -> Int64 { Self.multiple(of: step, from: time) }

        /// The time of a sample that shows a request. Prometheus counts in milliseconds, and no sample shows a request
        /// before it was made.
        public func time(ofRequestAt time: Int64) -> Int64 { Self.multiple(of: 1000, from: time) }

        private static func multiple(of duration: Int64, from time: Int64) -> Int64 {
            let rest = time % duration
            return rest == 0 ? time : time - rest + (rest > 0 ? duration : 0)
        }
    }

    /// When the counter was created: at its first request.
    public let firstSeen: Int64

    private let moments: ArraySlice<RequestTimeline.Moment>
    // Requests of earlier counters.
    private let before: UInt64

    fileprivate init(_ moments: ArraySlice<RequestTimeline.Moment>, before: UInt64) {
        firstSeen = moments.first?.time ?? 0
        self.moments = moments
        self.before = before
    }

    /// Calls `body` with the time and the value of each sample, in the order of time.
    public func forEachSample<Failure>(
        _ sampling: Sampling, _ body: (_ time: Int64, _ requests: UInt64) throws(Failure) -> Void
    ) throws(Failure) {
        var next = moments.startIndex
        var requests: UInt64 = 0
        var time = sampling.time(from: firstSeen)
        while next < moments.endIndex {
            // The sample before the request: the rules see that the counter rises. A new counter has none.
            time = max(time, sampling.time(from: moments[next].time) - sampling.step)
            var latest = moments[next].time
            repeat {
                var requestSamples = 0
                while next < moments.endIndex, moments[next].time <= time {
                    requests = moments[next].total - before
                    latest = moments[next].time
                    next += 1
                    let shown = sampling.time(ofRequestAt: latest)
                    // Requests of one millisecond have one sample.
                    let isLastOfIts =
                        next == moments.endIndex || sampling.time(ofRequestAt: moments[next].time) > shown
                    guard shown < time, isLastOfIts,
                        requestSamples < sampling.requestSamples || sampling.notable.contains(shown)
                    else { continue }
                    guard shown <= sampling.end else { return }
                    try body(shown, requests)
                    requestSamples += 1
                }
                guard time <= sampling.end else { return }
                try body(time, requests)
                time += sampling.step
            } while time <= latest + sampling.tail
                || next < moments.endIndex && time >= sampling.time(from: moments[next].time) - sampling.step
        }
    }
}

extension RequestTimeline {
    /// The counters that an exporter would have had one after the other.
    ///
    /// - Parameter retention: The time after which a silent source is retired, in microseconds: then a new counter
    ///   begins.
    public func lives(retention: Int64) -> [CounterLife] {
        var lives: [CounterLife] = []
        var start = moments.startIndex
        for index in moments.indices {
            let isLast = index + 1 == moments.endIndex
            guard isLast || moments[index + 1].time - moments[index].time > retention else { continue }
            lives.append(CounterLife(moments[start...index], before: start > 0 ? moments[start - 1].total : 0))
            start = index + 1
        }
        return lives
    }
}
