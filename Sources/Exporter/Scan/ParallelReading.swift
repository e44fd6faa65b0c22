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

    private typealias Collections = (asked: RequestCollection, others: RequestCollection)

    private struct State {
        var parts: [(log: Int, part: LogPart)]
        var nextPart = 0
        var readings: [LogReading]
        var requests: [Collections] = []
        /// The requests of logs that are read in parts, until all of a log was read.
        var requestsOfParts: [Int: [Collections]] = [:]
        /// How many threads have requests of such a log that are not there yet.
        var threads: [Int: Int] = [:]
        /// The bytes that were read of such logs.
        var bytesOfParts: [Int: Int] = [:]
        /// Logs whose parts are not used.
        var wholeLogs: Set<Int> = []
        /// The FIFOs, and standard input, that gave no bytes yet, and since when they are read.
        var silent: [StoredLog: ContinuousClock.Instant] = [:]
    }

    private let partCount: Int
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
        partCount = parts.count
        state = Mutex(State(parts: parts, readings: readings))
    }

    /// Reads all logs. The call blocks.
    ///
    /// - Parameters:
    ///   - threads: How many threads read.
    ///   - report: Takes the number of bytes that were read so far, several times a second, on the caller's thread.
    func run(threads: Int, report: (_ storedBytes: Int) -> Void) -> Result {
        let finished = DispatchSemaphore(value: 0)
        let count = max(1, min(threads, partCount))
        // With fewer logs than cores, reading one takes no longer than decompressing it.
        let decompressesAhead = count < threads
        for number in 0..<count {
            let thread = Thread { [self] in
                readParts(decompressesAhead: decompressesAhead)
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
            var all: Collections?
            Self.merge(&state.requests, into: &all)
            let (requests, others) = all ?? noRequests()
            return Result(readings: state.readings, requests: requests, otherRequests: others)
        }
    }

    /// The FIFOs, and standard input, that were opened at least so long ago and gave no bytes yet.
    func silent(for duration: Duration) -> [StoredLog] {
        state.withLock { $0.silent.filter { ContinuousClock.now - $0.value >= duration }.map(\.key) }
    }

    private func readParts(decompressesAhead: Bool) {
        let counted = selection.analytics
        var scanner = EventScanner(selecting: (counted + otherSelection.analytics).map(\.selector))
        var all: Collections?
        // Of the log that is read in parts.
        var current: (log: Int, requests: Collections)?
        var memory = PartMemory()
        while let (log, part) = takePart() {
            if part.log.size == nil { state.withLock { $0.silent[part.log] = .now } }
            if current?.log != log || part.isWholeLog { add(&current, to: &all) }
            if !part.isWholeLog, current == nil {
                current = (log, noRequests())
                state.withLock { $0.threads[log, default: 0] += 1 }
            }
            var requests = (current == nil ? all : current?.requests) ?? noRequests()
            // Only once in memory, so that it is not copied when an event is added.
            if current == nil { all = nil } else { current?.requests = noRequests() }
            var bytesOfPart = 0
            let reading = part.read(
                with: &scanner, in: &memory, decompressesAhead: decompressesAhead,
                take: { event in
                    if event.selector < counted.count {
                        requests.asked.add(event, of: event.selector)
                    } else {
                        requests.others.add(event, of: event.selector - counted.count)
                    }
                },
                report: { bytes in
                    if part.log.size == nil { state.withLock { $0.silent[part.log] = nil } }
                    storedBytes.add(bytes, ordering: .relaxed)
                    bytesOfPart += bytes
                })
            if current == nil { all = requests } else { current?.requests = requests }
            note(reading, of: part, log: log, bytes: bytesOfPart)
        }
        add(&current, to: &all)
        if let all { state.withLock { $0.requests.append(all) } }
    }

    private func noRequests() -> Collections { (RequestCollection(selection), RequestCollection(otherSelection)) }

    /// Adds what was found in a part. If its log must be read as a whole, that comes after the other parts.
    private func note(_ reading: LogReading, of part: LogPart, log: Int, bytes: Int) {
        let unused = state.withLock { state in
            if part.isWholeLog {
                state.readings[log].add(reading)
                return 0
            }
            if state.wholeLogs.contains(log) { return bytes }
            if reading.needsWholeLog {
                state.wholeLogs.insert(log)
                state.readings[log] = LogReading()
                state.requestsOfParts[log] = nil
                state.parts.append((log, part.wholeLog))
                return bytes + (state.bytesOfParts[log] ?? 0)
            }
            state.readings[log].add(reading)
            state.bytesOfParts[log, default: 0] += bytes
            return 0
        }
        storedBytes.subtract(unused, ordering: .relaxed)
    }

    /// Adds the requests of a log that is read in parts, once no thread reads it any more.
    ///
    /// - Parameter finished: The thread's requests of the log; `nil` afterwards.
    private func add(_ finished: inout (log: Int, requests: Collections)?, to all: inout Collections?) {
        var complete = takeComplete(with: &finished)
        Self.merge(&complete, into: &all)
    }

    /// Each is only once in memory, so that it is not copied when it is merged.
    private static func merge(_ collections: inout [Collections], into all: inout Collections?) {
        while var next = collections.popLast() {
            guard all != nil else {
                all = next
                continue
            }
            all?.asked.take(from: &next.asked)
            all?.others.take(from: &next.others)
        }
    }

    private func takeComplete(with finished: inout (log: Int, requests: Collections)?) -> [Collections] {
        guard let own = finished.take() else { return [] }
        return state.withLock { [own] state in
            state.threads[own.log, default: 0] -= 1
            if state.wholeLogs.contains(own.log) { return [] }
            state.requestsOfParts[own.log, default: []].append(own.requests)
            return state.threads[own.log] == 0 ? state.requestsOfParts.removeValue(forKey: own.log) ?? [] : []
        }
    }

    private func takePart() -> (log: Int, part: LogPart)? {
        state.withLock { state in
            while state.nextPart < state.parts.count {
                let next = state.parts[state.nextPart]
                state.nextPart += 1
                if next.part.isWholeLog || !state.wholeLogs.contains(next.log) { return next }
            }
            return nil
        }
    }
}
