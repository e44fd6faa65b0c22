import Foundation
import TestSupport

/// Simulates an API server's audit webhook on one connection: sends each batch until the response is 200, and sometimes
/// once more, as real ones do if a response was lost or late.
struct WebhookSender {
    let address: LoopbackAddress
    let truth: Truth
    let findings: Findings
    let shared: SharedRequests
    let tally: WebhookTally
    /// Stop before a new batch.
    let end: Flag
    /// Stop also within a batch.
    let abandon: Flag

    private static let patience = 10_000

    private var generator: RequestGenerator
    private var random: SeededGenerator
    private var connection: HTTPConnection?
    private var late: [String] = []

    init(
        to address: LoopbackAddress, network: Int, seed: UInt64, truth: Truth, findings: Findings,
        shared: SharedRequests, tally: WebhookTally, end: Flag, abandon: Flag
    ) {
        self.address = address
        self.truth = truth
        self.findings = findings
        self.shared = shared
        self.tally = tally
        self.end = end
        self.abandon = abandon
        random = SeededGenerator(seed: seed)
        generator = RequestGenerator(network: network, seed: random.next())
    }

    mutating func run() {
        while !end.isSet || !late.isEmpty, !abandon.isSet {
            if chance(0.08), let again = tally.delivered(using: &random) {
                tally.noteResent()
                deliver(again)
            } else {
                let batch = makeBatch()
                guard deliver(batch) else { return }
                truth.acknowledge(batch.requests)
                tally.noteDelivered(batch)
            }
            sleep(milliseconds: 0...60)
        }
    }

    private mutating func makeBatch() -> WebhookBatch {
        var requests: [PlannedRequest] = []
        var events = late
        late = []
        if !end.isSet {
            requests = shared.take(Int.random(in: 0...10, using: &random))
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                for request in generator.next() {
                    truth.add(request)
                    requests.append(request)
                }
            }
            for request in requests {
                events += request.events
                guard let later = request.later else { continue }
                if chance(0.3) { late.append(later) } else { events.append(later) }
            }
        }
        return WebhookBatch(requests, events: events, path: chance(0.5) ? "/audit" : "/")
    }

    // MARK: Sending

    /// - Returns: Whether the response was 200; `false` only after everything is stopped.
    @discardableResult
    private mutating func deliver(_ batch: WebhookBatch) -> Bool {
        var isFirst = true
        while !abandon.isSet {
            do throws(HTTPConnection.Failure) {
                let current = if let connection { connection } else { try HTTPConnection(to: address) }
                connection = nil
                if !isFirst { tally.noteResent() }
                isFirst = false
                let status = try send(batch, on: current)
                if current.isOpen { connection = current }
                switch status {
                case 200: return true
                case 429, 500...599: tally.noteRefused()
                default: findings.note("the webhook answered \(status)")
                }
                sleep(milliseconds: 5...50)
            } catch {
                sleep(milliseconds: 2...20)
            }
        }
        return false
    }

    /// - Returns: The status of the response.
    private mutating func send(
        _ batch: WebhookBatch, on connection: HTTPConnection
    ) throws(HTTPConnection.Failure) -> Int {
        // Interrupted in the middle, as by a crash of the API server.
        if chance(0.03) {
            try connection.send(batch.bytes[..<Int.random(in: 1..<batch.bytes.count, using: &random)])
            throw HTTPConnection.Failure()
        }
        // In two pieces.
        let cut = chance(0.1) ? Int.random(in: 1..<batch.bytes.count, using: &random) : 0
        if cut > 0 {
            try connection.send(batch.bytes[..<cut])
            sleep(milliseconds: 0...20)
        }
        try connection.send(batch.bytes[cut...])
        // Sometimes it has a short timeout, which may expire while the batch is being committed.
        let patience = chance(0.05) ? Int.random(in: 1...150, using: &random) : Self.patience
        return try connection.answer(within: patience).status
    }

    private mutating func sleep(milliseconds: ClosedRange<Int>) {
        Thread.sleep(forTimeInterval: Double(Int.random(in: milliseconds, using: &random)) / 1000)
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
}
