import AuditEvents
import Synchronization

/// Scans bodies, a few at a time. A scanner belongs to one body at a time and is then used again, since it keeps the
/// memory that it has grown.
final class ScannerPool: Sendable {
    /// Unchecked, for only the task that took it out of the pool uses it.
    private final class Scanner: @unchecked Sendable {
        var scanner: EventScanner

        init(_ selectors: [EventSelector]) {
            scanner = EventScanner(selecting: selectors)
        }
    }

    private struct State {
        var idle: [Scanner] = []
        var atWork = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    // A parser takes several times the body that it has parsed, for good: one that has seen a longer one is let go.
    private static let keptBodySize = 4 << 20

    private let selectors: [EventSelector]
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - selectors: The events that are wanted.
    ///   - limit: How many bodies are scanned at a time; the others wait, in the order in which they came.
    init(selecting selectors: [EventSelector], limit: Int = 4) {
        self.selectors = selectors
        self.limit = limit
    }

    /// Scans the body of a webhook's request.
    ///
    /// - Throws: What is wrong with it; nothing of it counts then.
    func scan(eventList body: [UInt8]) async throws(MalformedEvent) -> ScannedEvents {
        let scanner = await take()
        let found = Result { () throws(MalformedEvent) in try scanner.scanner.scan(eventList: body.span.bytes) }
        give(body.count <= Self.keptBodySize ? scanner : nil)
        return try found.get()
    }

    private func take() async -> Scanner {
        await withCheckedContinuation { continuation in
            let mayBegin = state.withLock { state in
                guard state.atWork < limit else {
                    state.waiting.append(continuation)
                    return false
                }
                state.atWork += 1
                return true
            }
            if mayBegin { continuation.resume() }
        }
        return state.withLock { $0.idle.popLast() } ?? Scanner(selectors)
    }

    private func give(_ scanner: Scanner?) {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            if let scanner { state.idle.append(scanner) }
            // Who waits longest takes over the place.
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.atWork -= 1
            return nil
        }
        next?.resume()
    }
}
