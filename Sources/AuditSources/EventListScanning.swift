public import AuditEvents
import Synchronization

/// Scans the bodies of webhook requests, and delivers their events.
///
/// A body is scanned part by part, and each part is counted before the next one is scanned: a body of 32 MiB can hold
/// 400,000 events, which would take several times its memory. Only the last part is committed. That is exact, since a
/// sender that gets no 200 sends the body again, and events that were counted are recognised.
///
/// Few bodies are scanned at a time, a long one alone. The others wait, in the order of their arrival.
public final class EventListScanning: Sendable {
    /// Unchecked, because only the task that took it from the pool uses it.
    private final class Scanner: @unchecked Sendable {
        var scanner: EventScanner

        init(_ selectors: [EventSelector]) {
            scanner = EventScanner(selecting: selectors)
        }
    }

    private struct State {
        var idle: [Scanner] = []
        var bodies = 0
        var bytes = 0
        var waiting: [(size: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// Bytes of the bodies that are scanned at a time, except that one body always is.
    private static let byteLimit = 8 << 20

    private let selectors: [EventSelector]
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - selectors: The events that are wanted.
    ///   - limit: How many bodies are scanned at a time.
    public init(selecting selectors: [EventSelector], limit: Int = 4) {
        self.selectors = selectors
        self.limit = limit
    }

    /// Scans a body and delivers its events.
    ///
    /// - Parameters:
    ///   - body: The body of a request, an EventList.
    ///   - deliver: Takes its events as batches, the last of which awaits its commit.
    /// - Returns: The first acknowledgement that the events cannot be taken, or that of the last batch.
    /// - Throws: `MalformedEvent` if the body is not an EventList, and nothing of it was delivered.
    public func scan(_ body: [UInt8], _ deliver: BatchHandler) async throws -> Acknowledgement {
        let scanner = await take(body.count)
        do {
            try scanner.scanner.begin(eventList: body.span.bytes)
            while true {
                let (found, isLast) = scanner.scanner.nextPart(of: body.span.bytes)
                let batch = InputBatch(
                    input: .webhook, path: "webhook", scanned: found, bytes: isLast ? body.count : 0,
                    awaitsCommit: isLast)
                if isLast {
                    give(scanner, body.count)
                    return try await deliver(batch)
                }
                let acknowledgement = try await deliver(batch)
                if case .unavailable = acknowledgement {
                    give(scanner, body.count)
                    return acknowledgement
                }
            }
        } catch let error as MalformedEvent {
            give(scanner, body.count)
            throw error
        }
    }

    private func take(_ size: Int) async -> Scanner {
        await withCheckedContinuation { continuation in
            let mayBegin = state.withLock { state in
                guard state.waiting.isEmpty, fits(size, state) else {
                    state.waiting.append((size, continuation))
                    return false
                }
                begin(size, &state)
                return true
            }
            if mayBegin { continuation.resume() }
        }
        return state.withLock { $0.idle.popLast() } ?? Scanner(selectors)
    }

    private func give(_ scanner: Scanner, _ size: Int) {
        let next = state.withLock { state in
            state.idle.append(scanner)
            state.bodies -= 1
            state.bytes -= size
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiting.first, fits(first.size, state) {
                state.waiting.removeFirst()
                begin(first.size, &state)
                next.append(first.continuation)
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }

    private func fits(_ size: Int, _ state: borrowing State) -> Bool {
        state.bodies == 0 || state.bodies < limit && state.bytes + size <= Self.byteLimit
    }

    private func begin(_ size: Int, _ state: inout State) {
        state.bodies += 1
        state.bytes += size
    }
}
