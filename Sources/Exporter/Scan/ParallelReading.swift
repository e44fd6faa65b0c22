import AccessScanning
import AuditEvents
import AuditSources
import Dispatch
import Foundation
import Synchronization

/// Reads logs once, on several threads. The result does not depend on their number.
final class ParallelReading: Sendable {
    /// What all logs have together.
    struct Result: Sendable {
        /// What was found in each log, in the order in which they were given.
        var readings: [LogReading]
        /// The requests of all logs.
        var requests: RequestCollection
        /// The requests of the outcomes that were not asked for, without their values.
        var otherRequests: RequestCollection
    }

    private struct State {
        var nextPart = 0
        var readings: [LogReading]
        // One of each thread.
        var requests: [RequestCollection] = []
        var otherRequests: [RequestCollection] = []
        /// The FIFOs, and standard input, that gave no bytes yet, and since when they are read.
        var silent: [StoredLog: ContinuousClock.Instant] = [:]
    }

    private let parts: [(log: Int, part: LogPart)]
    private let selection: RequestCollection.Selection
    /// The requests of outcomes that were not asked for, so that a result without them can say so.
    private let otherSelection: RequestCollection.Selection
    private let state: Mutex<State>
    private let storedBytes = Atomic<Int>(0)

    /// - Parameters:
    ///   - logs: The logs to read.
    ///   - partSize: The size of the parts in which a plain file is read, in bytes.
    init(_ logs: [StoredLog], selection: RequestCollection.Selection, partSize: Int = StoredLog.partSize) {
        self.selection = selection
        var others = selection
        others.analytics = Analytic.counted.filter { !selection.analytics.contains($0) }
        others.keepsValues = false
        otherSelection = others
        var parts: [(log: Int, part: LogPart)] = []
        var readings = [LogReading](repeating: LogReading(), count: logs.count)
        for (index, log) in logs.enumerated() {
            do throws(StoredLogProblem) {
                parts += try log.parts(of: partSize).map { (index, $0) }
            } catch {
                readings[index] = LogReading(problem: error)
            }
        }
        self.parts = parts
        state = Mutex(State(readings: readings))
    }

    /// Reads all logs. The call blocks.
    ///
    /// - Parameters:
    ///   - threads: How many threads read.
    ///   - report: Takes the number of bytes that were read so far, several times a second, on the caller's thread.
    func run(threads: Int, report: (_ storedBytes: Int) -> Void) -> Result {
        let finished = DispatchSemaphore(value: 0)
        let count = max(1, min(threads, parts.count))
        for number in 0..<count {
            let thread = Thread { [self] in
                readParts()
                finished.signal()
            }
            thread.name = "scan \(number)"
            thread.start()
        }
        for _ in 0..<count {
            while finished.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
                report(storedBytes.load(ordering: .relaxed))
            }
        }
        return state.withLock { state in
            var requests = state.requests.popLast() ?? RequestCollection(selection)
            while let next = state.requests.popLast() { requests.merge(next) }
            var others = state.otherRequests.popLast() ?? RequestCollection(otherSelection)
            while let next = state.otherRequests.popLast() { others.merge(next) }
            return Result(readings: state.readings, requests: requests, otherRequests: others)
        }
    }

    /// The FIFOs, and standard input, that were opened at least so long ago and gave no bytes yet.
    func silent(for duration: Duration) -> [StoredLog] {
        state.withLock { $0.silent.filter { ContinuousClock.now - $0.value >= duration }.map(\.key) }
    }

    private func readParts() {
        let counted = selection.analytics
        var scanner = EventScanner(selecting: (counted + otherSelection.analytics).map(\.selector))
        var requests = RequestCollection(selection)
        var others = RequestCollection(otherSelection)
        var memory = PartMemory()
        while let (log, part) = takePart() {
            if part.log.size == nil { state.withLock { $0.silent[part.log] = .now } }
            let reading = part.read(
                with: &scanner, in: &memory,
                take: { event in
                    if event.selector < counted.count {
                        requests.add(event, of: event.selector)
                    } else {
                        others.add(event, of: event.selector - counted.count)
                    }
                },
                report: { bytes in
                    if part.log.size == nil { state.withLock { $0.silent[part.log] = nil } }
                    storedBytes.add(bytes, ordering: .relaxed)
                })
            state.withLock { $0.readings[log].add(reading) }
        }
        state.withLock { [requests, others] in
            $0.requests.append(requests)
            $0.otherRequests.append(others)
        }
    }

    private func takePart() -> (log: Int, part: LogPart)? {
        state.withLock { state in
            guard state.nextPart < parts.count else { return nil }
            defer { state.nextPart += 1 }
            return parts[state.nextPart]
        }
    }
}
