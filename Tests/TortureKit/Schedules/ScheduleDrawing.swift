import TestSupport

extension Schedule {
    /// The longest schedule has more events than the exporter recognizes (131,072).
    private static let longScale = 6000
    private static let longOnes = 50

    /// - Parameters:
    ///   - seed: The seed; every decision follows from it.
    ///   - excluded: Kinds of steps that are left out (`Step.kind`), to find out which one a failure needs.
    ///   - allowsLong: Whether it may be a long one, which takes a minute.
    ///   - start: `--audit.from`; drawn by default.
    init(seed: UInt64, without excluded: Set<String> = [], allowsLong: Bool = true, from start: Start? = nil) {
        var drawing = Drawing(seed: seed, excluded: excluded, allowsLong: allowsLong)
        self = drawing.schedule(from: start)
    }

    /// The draws of one schedule.
    private struct Drawing {
        let seed: UInt64
        let excluded: Set<String>
        let isLong: Bool
        var random: SeededGenerator
        var layout = Layout.path
        // Logs that exist; the others appear later.
        var present: [Int] = []
        var absent: [Int] = []
        var isRunning = true
        var isFrozen = false
        var steps: [Step] = []

        init(seed: UInt64, excluded: Set<String>, allowsLong: Bool) {
            self.seed = seed
            self.excluded = excluded
            isLong = allowsLong && seed % UInt64(Schedule.longOnes) == 7
            random = SeededGenerator(seed: seed)
        }

        mutating func schedule(from fixed: Start?) -> Schedule {
            layout = Layout.allCases.randomElement(using: &random) ?? .path
            let logs =
                switch layout {
                case .path, .symlink: ["audit.log"]
                case .names, .everything, .both: chance(0.5) ? ["audit.log", "proxy.log"] : ["audit.log"]
                case .directories, .namesInDirectories: ["a/audit.log", "b/audit.log", "c/audit.log"]
                }
            present = Array(logs.indices)
            if logs.count == 3 {
                absent = [2]
                present.removeLast()
            }
            let existing = present
            let appends = logs.map { _ in chance(0.4) }
            let drawn = chance(0.5) ? Start.beginning : .recent
            let areAlike = chance(0.2) && !isLong
            for log in present {
                if areAlike { steps.append(.writeAgain(log: log)) }
                steps.append(.write(log: log, lines: isLong ? draw(30...45) : draw(1...12)))
            }
            if chance(0.7) { steps += [.start(spelling: 0), .catchUp] } else { isRunning = false }
            let length = isLong ? draw(8...12) : draw(10...35)
            while steps.count < length { isLong ? drawLong() : draw() }
            return Schedule(
                seed: seed, layout: layout, logs: logs, present: existing, appends: appends, start: fixed ?? drawn,
                scale: isLong ? Schedule.longScale : 1, steps: steps,
                lastSpelling: spelling())
        }

        private mutating func draw() {
            let log = present[draw(0...present.count - 1)]
            let choice = draw(0...99)
            let isReopened = chance(0.8)
            let step: Step? =
                switch draw(0...99) {
                case 0..<22: .write(log: log, lines: draw(1...30))
                case 22..<26: .writeInPieces(log: log, lines: draw(1...10), pieces: draw(2...5))
                case 26..<29: .tear(log: log, share: draw(10...990))
                case 29..<31: .addZeros(log: log, count: [1, 100, 5000, 300_000][draw(0...3)])
                case 31..<34: .reopen(log: log)
                case 34..<42: .rename(log: log, times: times(), isReopened: isReopened)
                case 42..<50 where layout != .symlink:
                    .logrotate(log: log, logrotateOptions(), isReopened: isReopened)
                case 50..<54: .copyTruncate(log: log, pieces: draw(1...4), linesBetween: chance(0.2) ? 1 : 0)
                case 42..<54 where layout == .symlink: .switchTarget(log: log, isReopened: isReopened)
                case 54..<59:
                    .compress(
                        log: log, choice: choice, chance(0.5) ? .gzip : .zstd, pieces: chance(0.5) ? 1 : draw(2...5))
                case 59..<61: .remove(log: log)
                case 61..<63: .removeRotated(log: log, choice: choice)
                case 63..<65: .renameRotated(log: log, choice: choice)
                case 65..<70:
                    .copy(
                        log: log, choice: choice, CopyName.allCases.randomElement(using: &random) ?? .bak,
                        pieces: chance(0.5) ? 1 : draw(2...5))
                case 70..<74: .edit(log: log, Edit.allCases.randomElement(using: &random) ?? .sed, choice: choice)
                case 74..<76: absent.first.map { .appear(log: $0, rotated: draw(0...3)) }
                case 76..<84: absence()
                case 84..<87: isFrozen ? .thaw : .freeze
                case 87..<93: .pause(milliseconds: draw(0...150))
                case 93..<97: .catchUp
                case 97..<99: .writeAgain(log: log)
                default: .write(log: log, lines: 1)
                }
            guard let step, !excluded.contains(step.kind), isPossible(step) else { return }
            steps.append(step)
            note(step)
            if case .rename = step, isReopened, chance(0.1) { steps.append(.writeAgain(log: log)) }
            // Most writers notice that their file was removed.
            if case .remove = step, chance(0.7) { steps.append(.reopen(log: log)) }
        }

        /// Of a log with more events than the exporter recognizes, everything is copied, edited or moved as a whole.
        private mutating func drawLong() {
            let log = present[draw(0...present.count - 1)]
            let choice = draw(0...99)
            let step: Step =
                switch draw(0...99) {
                case 0..<25: .write(log: log, lines: draw(1...20))
                case 25..<35: .rename(log: log, times: 1, isReopened: true)
                case 35..<55: .copy(log: log, choice: choice, CopyName.allCases[draw(0...3)], pieces: draw(1...2))
                case 55..<65: .compress(log: log, choice: choice, .gzip, pieces: draw(1...3))
                case 65..<75: .edit(log: log, chance(0.5) ? .sed : .replacement, choice: choice)
                case 75..<80: isRunning ? .edit(log: log, .shortening, choice: 0) : .catchUp
                case 80..<92: absence()
                default: .catchUp
                }
            guard !excluded.contains(step.kind), isPossible(step) else { return }
            // Only what was read is recognized.
            if case .edit = step, isRunning { steps.append(.catchUp) }
            steps.append(step)
            note(step)
        }

        /// The exporter ends, or starts again.
        private mutating func absence() -> Step {
            guard isRunning else { return .start(spelling: spelling()) }
            return chance(0.6) ? .kill : .stop
        }

        /// Seldom more files than the exporter opens at once.
        private mutating func times() -> Int {
            switch draw(0...99) {
            case 0..<70: 1
            case 70..<97: draw(2...4)
            default: draw(30...80)
            }
        }

        private mutating func spelling() -> Int {
            let number = draw(0...3)
            return excluded.contains("spelling") ? 0 : number
        }

        private func isPossible(_ step: Step) -> Bool {
            switch step {
            case .stop, .catchUp, .freeze: isRunning && !isFrozen
            case .thaw, .kill: isRunning
            default: true
            }
        }

        private mutating func note(_ step: Step) {
            switch step {
            case .start: isRunning = true
            case .kill, .stop: (isRunning, isFrozen) = (false, false)
            case .freeze: isFrozen = true
            case .thaw: isFrozen = false
            case .appear(let log, _):
                present.append(log)
                absent.removeAll { $0 == log }
            default: break
            }
        }

        private mutating func logrotateOptions() -> LogrotateOptions {
            let formats = ["-%Y%m%d-%H%M%S", "-%Y%m%d%H%M%S", "-%Y-%m-%d-%s", ".%Y%m%d-%H%M%S"]
            return LogrotateOptions(
                copies: chance(0.4), compression: [nil, .gzip, .zstd][draw(0...2)], isDelayed: chance(0.5),
                dateFormat: chance(0.4) ? formats[draw(0...3)] : nil, kept: chance(0.7) ? 20 : draw(1...3))
        }

        private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
        private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    }
}
