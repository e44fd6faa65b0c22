import Testing

@testable import AccessScanning

@Suite("The counters of the past")
struct CounterHistoryTests {
    private static let second: Int64 = 1_000_000
    private static let hour = 3600 * second

    private struct Shown: Equatable, CustomStringConvertible {
        var time: Int64
        var requests: UInt64
        var description: String { "\(requests)@\(time)" }
    }

    /// Samples each minute, with times in seconds.
    private static func samples(
        _ requests: [(Int64, Int)], step: Int64 = 60, own: Int = 0, window: Int64 = 3600, end: Int64 = .max / second
    ) -> [[Shown]] {
        let sampling = CounterLife.Sampling(
            step: step * second, requestSamples: own, window: window * second, end: end * second)
        return RequestTimeline(requests.map { ($0.0 * second, $0.1) }).lives(retention: 24 * hour).map { life in
            var shown: [Shown] = []
            life.forEachSample(sampling) { shown.append(Shown(time: $0 / second, requests: $1)) }
            return shown
        }
    }

    @Test("have samples from the first request until it has left the window and Prometheus' lookback")
    func oneRequest() {
        let life = Self.samples([(90, 3)])
        #expect(life.count == 1)
        #expect(life[0].first == Shown(time: 120, requests: 3))
        #expect(life[0].last == Shown(time: 3960, requests: 3))
        #expect(life[0].map(\.time) == Array(stride(from: 120, through: 3960, by: 60)))
    }

    @Test("show a request in the sample of its own time")
    func sameTime() {
        #expect(Self.samples([(120, 1)])[0].first == Shown(time: 120, requests: 1))
        #expect(Self.samples([(0, 1)])[0].first == Shown(time: 0, requests: 1))
        #expect(Self.samples([(-1, 1)])[0].first == Shown(time: 0, requests: 1))
        #expect(Self.samples([(-61, 1)])[0].first == Shown(time: -60, requests: 1))
    }

    @Test("rise, after a silence, from a sample with the previous value")
    func silence() {
        let life = Self.samples([(60, 100), (20_000, 1), (20_001, 2)])
        #expect(life.count == 1)
        let times = life[0].map(\.time)
        #expect(times == times.sorted() && Set(times).count == times.count)
        #expect(
            life[0].filter { $0.time > 3960 }.prefix(2) == [
                Shown(time: 19_980, requests: 100), Shown(time: 20_040, requests: 103),
            ])
        #expect(life[0].last == Shown(time: 23_880, requests: 103))
    }

    @Test("begin again after a day of silence")
    func retirement() {
        let day: Int64 = 86_400
        #expect(Self.samples([(60, 100), (60 + day, 1)]).count == 1)
        let lives = Self.samples([(60, 100), (61 + day, 7)])
        #expect(lives.count == 2)
        #expect(lives[1].first == Shown(time: day + 120, requests: 7))
    }

    @Test("have samples at the times of the first requests of a step")
    func requestSamples() {
        let life = Self.samples([(90, 3), (92, 1), (93, 1), (120, 1), (180, 1), (200, 2)], own: 2)[0]
        #expect(
            life.prefix(6) == [
                Shown(time: 90, requests: 3), Shown(time: 92, requests: 4), Shown(time: 120, requests: 6),
                Shown(time: 180, requests: 7), Shown(time: 200, requests: 9), Shown(time: 240, requests: 9),
            ])
        #expect(Self.samples([(90, 1), (95, 1)], own: 2, end: 92) == [[Shown(time: 90, requests: 1)]])
    }

    @Test("show no request before it was made, and those of a millisecond together")
    func milliseconds() {
        let sampling = CounterLife.Sampling(
            step: 60 * Self.second, requestSamples: 6, window: Self.hour, end: .max / Self.second)
        var shown: [Shown] = []
        for life in RequestTimeline([(1_000_001, 1), (1_000_999, 1), (1_001_000, 1), (1_001_001, 1)])
            .lives(retention: 24 * Self.hour)
        {
            life.forEachSample(sampling) { shown.append(Shown(time: $0, requests: $1)) }
        }
        #expect(
            shown.prefix(3) == [
                Shown(time: 1_001_000, requests: 3), Shown(time: 1_002_000, requests: 4),
                Shown(time: 60_000_000, requests: 4),
            ])
    }

    @Test("pass the threshold with the request that passes it, whatever the requests and the step")
    func threshold() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let requests = (0..<Int64.random(in: 1...40, using: &generator)).map { _ in
                (Int64.random(in: 0...2000, using: &generator), Int.random(in: 1...3, using: &generator))
            }
            let step = Int64([15, 60, 240].randomElement(using: &generator) ?? 60)
            let shown = Self.samples(requests, step: step, own: 6).flatMap(\.self)
            for request in requests {
                let requestsBefore = { (time: Int64) in
                    UInt64(requests.filter { $0.0 <= time }.map(\.1).reduce(0, +))
                }
                let value = shown.last { $0.time <= request.0 }?.requests ?? 0
                let start = (request.0 - 1) / step * step
                let rise = value - (request.0 > 0 ? requestsBefore(start) : 0)
                #expect(value == requestsBefore(request.0) || rise > 5, "\(requests) every \(step) s")
                #expect(value <= requestsBefore(request.0))
            }
        }
    }

    @Test("show when a network first has what its alert needs, also among many requests of a noisy source")
    func networkAlert() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let noisy = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                (time: Int64.random(in: 0...600, using: &generator) * Self.second, count: 1)
            }
            let quiet = (0..<Int.random(in: 3...9, using: &generator)).map { _ in
                (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                    (time: Int64.random(in: 0...600, using: &generator) * Self.second, count: 1)
                }
            }
            let sources = ([noisy] + quiet).map { RequestTimeline($0) }
            let all = RequestTimeline(([noisy] + quiet).flatMap(\.self))
            var sampling = CounterLife.Sampling(
                step: 240 * Self.second, requestSamples: 21, window: Self.hour, end: 3600 * Self.second)
            sampling.notable = Set(
                NetworkSweep.notableTimes(of: sources, threshold: 5, networkThreshold: 20, step: sampling.step))
            var shown: [Int64] = []
            for life in all.lives(retention: 24 * Self.hour) {
                life.forEachSample(sampling) { time, _ in shown.append(time) }
            }
            let isReached = { (time: Int64) in
                let now = QuietSources(of: sources, at: time, threshold: 5)
                return [all.count(after: -1, upTo: time) > 20, now.requests > 20, now.sources >= 5]
            }
            // After an hour the noisy source is a quiet one, without any request.
            shown.removeAll { $0 >= Self.hour }
            for condition in 0..<3 {
                let first = all.requests.first { isReached($0.time)[condition] }?.time
                #expect(shown.first { isReached($0)[condition] } == first, "\(condition): \(noisy.count) and \(quiet)")
            }
        }
    }

    @Test("have no sample after the end")
    func end() {
        #expect(Self.samples([(60, 1), (300, 1)], end: 200) == [[60, 120, 180].map { Shown(time: $0, requests: 1) }])
        #expect(Self.samples([(300, 1)], end: 200) == [[]])
    }

    @Test("have each sample once and the right value, whatever the requests and the step")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let requests = (0..<Int64.random(in: 1...30, using: &generator)).map { _ in
                (Int64.random(in: 0...40_000, using: &generator), Int.random(in: 1...3, using: &generator))
            }
            let step = Int64([15, 60, 240].randomElement(using: &generator) ?? 60)
            let shown = Self.samples(requests, step: step).flatMap(\.self)
            let first = requests.map(\.0).min() ?? 0
            // Every sample time that matters, by definition.
            let matters = { (time: Int64) -> Bool in
                requests.contains { request in
                    let sampled: Int64 = (request.0 + step - 1) / step * step
                    return time >= sampled - step && time <= request.0 + 3900
                }
            }
            let times = stride(from: Int64(0), through: 50_000, by: Int(step)).filter { $0 >= first && matters($0) }
            let expected = times.map { time in
                Shown(time: time, requests: UInt64(requests.filter { $0.0 <= time }.map(\.1).reduce(0, +)))
            }
            #expect(shown == expected, "\(requests) every \(step) s")
        }
    }

    @Test("of networks add up those of their verified sources")
    func networks() throws {
        func source(_ text: String, _ origin: Origin = .verified) throws -> SourceSubject {
            SourceSubject(Source(.address(try #require(IPAddress(text))), origin))
        }
        let history = RequestHistory(
            [
                (try source("192.0.2.9"), [(Self.hour, 2), (0, 1)]), (try source("192.0.2.7"), [(0, 4)]),
                (try source("192.0.2.7", .claimed), [(0, 50)]), (try source("198.51.100.1"), [(5, 1)]),
                (SourceSubject(Source(.invalid, .verified)), [(7, 1)]), (try source("203.0.113.1"), []),
            ], untimedRequests: 3, mistimedRequests: 0)
        #expect(
            history.sources.map { "\($0.subject.source.address) \($0.subject.source.origin) \($0.requests.total)" } == [
                "192.0.2.7 verified 4", "192.0.2.7 claimed 50", "192.0.2.9 verified 3", "198.51.100.1 verified 1",
                "invalid verified 1",
            ])
        #expect(
            history.networks.map { "\($0.network) \($0.requests.total) \($0.sources.count)" } == [
                "192.0.2.0/24 7 2", "198.51.100.0/24 1 1", "invalid 1 1",
            ])
        let sources = history.networks[0].sources
        #expect(QuietSources(of: sources, at: 0, threshold: 5) == QuietSources(sources: 2, requests: 5))
        #expect(QuietSources(of: sources, at: 0, threshold: 3) == QuietSources(sources: 1, requests: 1))
        // The request at 0 is an hour old.
        #expect(QuietSources(of: sources, at: Self.hour, threshold: 5) == QuietSources(sources: 1, requests: 2))
    }
}

extension QuietSources {
    fileprivate init(sources: Int, requests: UInt64) {
        self.init()
        self.sources = sources
        self.requests = requests
    }
}
