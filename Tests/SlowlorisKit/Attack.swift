import Foundation
import HTTPServing
import Synchronization

/// All slow clients of a run, each kind on a thread of its own.
final class Attack: Sendable {
    private let options: SlowlorisOptions
    private let target: ListenAddress
    private let running = Atomic(0)
    private let cameBack = Atomic(0)

    init(_ options: SlowlorisOptions, on target: ListenAddress) {
        self.options = options
        self.target = target
    }

    var isOver: Bool { running.load(ordering: .acquiring) == 0 }
    var comebacks: Int { cameBack.load(ordering: .relaxed) }

    func begin() {
        start(.dripping, options.dripping)
        start(.unread, options.unread)
    }

    private func start(_ kind: SlowClients.Kind, _ count: Int) {
        running.add(1, ordering: .relaxed)
        let options = options
        Thread.detachNewThread { [self] in
            var clients = SlowClients(kind, count: count, to: target) { number in
                guard options.addresses > 0 else { return "127.0.0.1" }
                let address = number % options.addresses
                return "127.1.\(address / 250).\(1 + address % 250)"
            }
            clients.turn(isFirst: true)
            let end = ContinuousClock.now + .seconds(options.seconds)
            while ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 1)
                clients.turn(isFirst: false)
            }
            cameBack.add(clients.comebacks, ordering: .relaxed)
            running.subtract(1, ordering: .releasing)
        }
    }
}
