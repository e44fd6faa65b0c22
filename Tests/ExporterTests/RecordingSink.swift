import AuditSources
import Synchronization

@testable import Exporter

/// A sink that answers what it is told to, when it is let to, and remembers what it took.
final class RecordingSink: WebhookSink {
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

    /// From now on commits.
    func open() {
        continuation.finish()
    }

    func take(_ batch: InputBatch) async -> Acknowledgement {
        batches.withLock { $0.append(batch) }
        await opened.value
        return outcome
    }
}
