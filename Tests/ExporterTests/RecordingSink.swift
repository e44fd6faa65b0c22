import AuditSources
import Synchronization

@testable import Exporter

/// A sink with a given acknowledgement that can be delayed, and that records its batches.
final class RecordingSink: Sendable {
    private let batches = Mutex<[InputBatch]>([])
    private let outcome: Acknowledgement
    private let (opening, continuation) = AsyncStream.makeStream(of: Void.self)
    private let opened: Task<Void, Never>

    init(_ outcome: Acknowledgement = .committed, isOpen: Bool = true) {
        self.outcome = outcome
        opened = Task { [opening] in for await _ in opening {} }
        if isOpen { open() }
    }

    var taken: [InputBatch] { batches.withLock { $0 } }

    /// Commits from now on.
    func open() {
        continuation.finish()
    }

    /// Takes batches for an input.
    var deliver: BatchHandler { { [self] batch in await take(batch) } }

    private func take(_ batch: InputBatch) async -> Acknowledgement {
        batches.withLock { $0.append(batch) }
        await opened.value
        return outcome
    }
}
