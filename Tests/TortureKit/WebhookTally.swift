import Synchronization

/// Totals of the batches sent to the webhook by all senders together.
final class WebhookTally: Sendable {
    private struct State {
        var batches = 0
        var resent = 0
        var refused = 0
        var delivered: [WebhookBatch] = []
    }

    /// The number of last batches that may be sent again although they were acknowledged; far fewer events than the
    /// exporter recognizes.
    private static let remembered = 100

    private let state = Mutex(State())

    /// Batches with the response 200.
    var batches: Int { state.withLock { $0.batches } }
    /// Number of repeated batches.
    var resent: Int { state.withLock { $0.resent } }
    /// Number of responses 429 or 5xx.
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

    /// One of the last acknowledged batches, of any sender.
    func delivered(using random: inout some RandomNumberGenerator) -> WebhookBatch? {
        state.withLock { $0.delivered.randomElement(using: &random) }
    }
}
