import Synchronization

/// What was sent to the webhook, by all senders together.
final class WebhookTally: Sendable {
    private struct State {
        var batches = 0
        var resent = 0
        var refused = 0
        var delivered: [WebhookBatch] = []
    }

    /// So many of the last batches may be sent once more though they were answered; far fewer events than the exporter
    /// recognises again.
    private static let remembered = 100

    private let state = Mutex(State())

    /// Batches that were answered with 200.
    var batches: Int { state.withLock { $0.batches } }
    /// How often a batch was sent again.
    var resent: Int { state.withLock { $0.resent } }
    /// How often one was answered with 429 or 5xx.
    var refused: Int { state.withLock { $0.refused } }

    func noteResent() { state.withLock { $0.resent += 1 } }
    func noteRefused() { state.withLock { $0.refused += 1 } }

    func noteDelivered(_ batch: WebhookBatch) {
        state.withLock {
            $0.batches += 1
            $0.delivered.append(batch)
            if $0.delivered.count > Self.remembered { $0.delivered.removeFirst() }
        }
    }

    /// One of the last batches that were answered, of whichever sender.
    func delivered(using random: inout some RandomNumberGenerator) -> WebhookBatch? {
        state.withLock { $0.delivered.randomElement(using: &random) }
    }
}
