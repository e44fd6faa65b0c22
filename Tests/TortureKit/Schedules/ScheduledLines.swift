import TestSupport

/// Invents the lines of a schedule, and recognizes them in the bytes of files.
///
/// Each line ends with its number. A line is recognized only if all of its bytes are there.
struct ScheduledLines {
    /// A line of a log.
    struct Line {
        /// The source whose request it belongs to; `nil` if it does not count.
        let source: CountedSource?
        /// Lines of one request have the same number.
        let request: Int
        /// Whether its request has no other line.
        let isOnly: Bool
        fileprivate let length: Int
        fileprivate let hash: Int
    }

    /// Invented lines, and their text.
    struct Batch {
        var numbers: [Int] = []
        /// Each with its line end.
        var texts: [[UInt8]] = []

        var bytes: [UInt8] { Array(texts.joined()) }
    }

    private static let mark = Array(#""annotations":{"line":""#.utf8)
    private static let end = Array(#""}}"#.utf8)

    private(set) var lines: [Line] = []
    /// Whether requests that are hours old are not counted.
    private let ignoresOld: Bool
    /// Sources have many requests each if there are too many for one each.
    private let isLong: Bool
    private var random: SeededGenerator
    private var requests = 0
    private var lastTime = 0
    // The second stage of requests, which follows later.
    private var later: [(event: EventText, source: CountedSource?, request: Int)] = []

    init(for schedule: Schedule) {
        ignoresOld = schedule.start == .recent
        isLong = schedule.scale > 1
        random = SeededGenerator(seed: schedule.seed &+ 1)
    }

    /// Invents lines.
    ///
    /// - Returns: The lines, and the sources of new requests that count.
    mutating func invent(_ count: Int) -> (batch: Batch, new: [CountedSource]) {
        var batch = Batch()
        var new: [CountedSource] = []
        while batch.numbers.count < count {
            if !later.isEmpty, chance(0.3) {
                let second = later.removeFirst()
                add(second.event, second.source, second.request, to: &batch)
                continue
            }
            switch draw(100) {
            case 0..<10: add(unwanted(), nil, newRequest(), to: &batch)
            case 10..<15:
                // Parallel clients with one Audit-ID: alike but for the time at which they were finished.
                var event = event()
                for _ in 0..<2 + draw(4) {
                    event.reached = time()
                    new += [CountedSource.verified(event.sourceIPs[0])]
                    add(event, new.last, newRequest(), to: &batch)
                }
            case 15..<25:
                // Logged twice.
                var event = event()
                (event.verb, event.stage) = ("watch", "ResponseStarted")
                let source = CountedSource.verified(event.sourceIPs[0])
                let request = newRequest()
                new.append(source)
                add(event, source, request, to: &batch)
                event.stage = "ResponseComplete"
                event.reached = time()
                later.append((event, source, request))
            case 25..<30 where ignoresOld:
                var event = event()
                let age = (7200 + draw(86_400)) * 1_000_000
                (event.received, event.reached) = (event.received - age, event.reached - age)
                add(event, nil, newRequest(), to: &batch)
            default:
                let event = event()
                new.append(.verified(event.sourceIPs[0]))
                add(event, new.last, newRequest(), to: &batch)
            }
        }
        return (batch, new)
    }

    /// Text of a line that is never written to its end.
    mutating func torn(share permille: Int) -> [UInt8] {
        let text = Array(event().text.utf8)
        return Array(text.prefix(max(1, min(text.count - 1, text.count * permille / 1000))))
    }

    /// The numbers of the whole lines in the content of a file.
    func recognized(in content: [UInt8]) -> Set<Int> {
        var numbers: Set<Int> = []
        var start = content.startIndex
        while let feed = content[start...].firstIndex(of: 10) {
            if let number = number(of: content[start..<feed]) { numbers.insert(number) }
            start = feed + 1
        }
        return numbers
    }

    /// Something else may be before the line: what a crash or a truncation left.
    private func number(of text: ArraySlice<UInt8>) -> Int? {
        guard text.count > 60, text.suffix(Self.end.count).elementsEqual(Self.end) else { return nil }
        let digits = text.dropLast(Self.end.count).suffix(12).reversed().prefix { (48...57).contains($0) }.reversed()
        guard let number = Int(String(decoding: Array(digits), as: UTF8.self)), lines.indices.contains(number) else {
            return nil
        }
        let line = lines[number]
        let own = text.suffix(line.length)
        return own.count == line.length && Self.hash(own) == line.hash ? number : nil
    }

    // MARK: Events

    private mutating func add(_ event: EventText, _ source: CountedSource?, _ request: Int, to batch: inout Batch) {
        var event = event
        event.more.append(#""annotations":{"line":"\#(lines.count)"}"#)
        let text = Array(event.text.utf8)
        batch.numbers.append(lines.count)
        batch.texts.append(text + [10])
        lines.append(
            Line(
                source: source, request: request, isOnly: event.verb != "watch", length: text.count,
                hash: Self.hash(text[...])))
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private mutating func newRequest() -> Int {
        requests += 1
        return requests
    }

    /// From a source of its own, so that a miss names its line.
    private mutating func event() -> EventText {
        let number = isLong ? requests % 500 : requests + lines.count
        var event = EventText(
            auditID: String(UInt64.random(in: .min ... .max, using: &random), radix: 16),
            sourceIPs: ["10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"],
            received: time(), reached: time())
        event.userAgent = chance(0.02) && !isLong ? String(repeating: "agent \"", count: 1 + draw(900)) : "curl/8.0"
        return event
    }

    private mutating func unwanted() -> EventText {
        var event = event()
        event.user = #""user":{"username":"admin","groups":["system:masters","system:authenticated"]}"#
        if chance(0.5) { event.more = [#""requestObject":\#(self.event().text)"#] }
        return event
    }

    /// In microseconds; never the same twice.
    private mutating func time() -> Int {
        lastTime = max(EventText.now, lastTime + 1)
        return lastTime
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
    private mutating func draw(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
}
