import Testing

@testable import HTTPServing

@Suite("Of a server's connections")
struct OpenConnectionsTests {
    private static let start = ContinuousClock.now
    private static let limits = Limits(
        connections: 6, connectionsPerAddress: 4, idleTimeout: 120, requestTimeout: 15, responseTimeout: 30,
        slowestRate: 1000, responseMemory: 100_000)

    private func client(_ number: UInt8) -> ClientNetwork { ClientNetwork(address: [192, 0, 2, number]) }

    private func after(_ seconds: Double) -> ContinuousClock.Instant { Self.start + .seconds(seconds) }

    /// Connections of clients, each accepted a second after the previous one; the descriptors count from 0.
    private func opened(_ clients: [UInt8], limits: Limits = limits) -> OpenConnections {
        var connections = OpenConnections(limits)
        for (descriptor, number) in clients.enumerated() {
            #expect(connections.open(Int32(descriptor), client(number), at: after(Double(descriptor))) == [])
        }
        return connections
    }

    @Test("one whose first request is not complete in time is closed, once")
    func request() {
        var connections = opened([1, 2])
        #expect(connections.overdue(at: after(14.9)) == [])
        #expect(connections.overdue(at: after(15)) == [0])
        #expect(connections.overdue(at: after(15)) == [], "it is already closed")
        #expect(connections.overdue(at: after(16)) == [1])
        #expect(connections.count == 0)
    }

    @Test("the next deadline is that of the first one that can be overdue")
    func nextDeadline() {
        var connections = opened([1, 2])
        #expect(connections.nextDeadline == after(15))
        #expect(connections.deadline(of: 1) == after(16))
        #expect(connections.deadline(of: 7) == nil)
        _ = connections.enter(.handling, on: 0, at: after(2))
        #expect(connections.deadline(of: 0) == nil, "its handler may take any time")
        #expect(connections.nextDeadline == after(16))
        _ = connections.overdue(at: after(16))
        #expect(connections.nextDeadline == nil, "a connection that was cut has no deadline")
    }

    @Test("one has its time limit from its beginning, not from its header")
    func head() {
        var connections = opened([1])
        #expect(connections.enter(.receiving, on: 0, at: after(10)) == [])
        #expect(connections.overdue(at: after(15)) == [0])
    }

    @Test("one has more time for a body, as long as it is not too slow")
    func body() {
        var connections = opened([1])
        // 800 bytes a second; at least 1000 are required.
        for second in 1...74 {
            connections.received(800, on: 0)
            #expect(connections.overdue(at: after(Double(second))) == [])
        }
        connections.received(800, on: 0)
        #expect(connections.overdue(at: after(75)) == [0])
    }

    @Test("one is not closed while its handler runs, however long; then its response has time for its length")
    func answer() {
        var connections = opened([1])
        _ = connections.enter(.handling, on: 0, at: after(1))
        #expect(connections.overdue(at: after(100_000)) == [])
        _ = connections.enter(.responding(5000), on: 0, at: after(100_000))
        #expect(connections.overdue(at: after(100_034.9)) == [])
        #expect(connections.overdue(at: after(100_035)) == [0])
    }

    @Test("one that is kept may be idle for the whole timeout and then send a request")
    func idle() {
        var connections = opened([1])
        _ = connections.enter(.handling, on: 0, at: after(1))
        _ = connections.enter(.responding(10), on: 0, at: after(1))
        _ = connections.enter(.idle, on: 0, at: after(1))
        #expect(connections.overdue(at: after(135.9)) == [])
        _ = connections.enter(.receiving, on: 0, at: after(135.9))
        #expect(connections.overdue(at: after(150)) == [])
        #expect(connections.overdue(at: after(151)) == [0])
    }

    @Test("the oldest unfinished one of the client with the most is closed when the limit is reached")
    func full() {
        var connections = opened([1, 2, 2, 3, 2, 3])
        #expect(connections.open(6, client(4), at: after(6)) == [1])
        #expect(connections.open(7, client(5), at: after(7)) == [2], "two of 2, two of 3: the older")
        #expect(connections.open(8, client(6), at: after(8)) == [3])
        #expect(connections.open(9, client(7), at: after(9)) == [0], "all are equal")
        #expect(connections.count == 6)
    }

    @Test("an idle one is closed only if none is unfinished, and one with a running handler never")
    func order() {
        var connections = opened([1, 2, 2, 2, 3, 4])
        for descriptor: Int32 in 1...3 {
            _ = connections.enter(.idle, on: descriptor, at: after(9 + Double(descriptor) / 10))
        }
        _ = connections.enter(.handling, on: 0, at: after(10))
        _ = connections.enter(.handling, on: 5, at: after(10))
        #expect(connections.open(6, client(5), at: after(11)) == [4])
        _ = connections.enter(.handling, on: 6, at: after(11))
        #expect(connections.open(7, client(6), at: after(12)) == [1], "only the new one is unfinished")
        for descriptor: Int32 in [2, 3, 7] { _ = connections.enter(.handling, on: descriptor, at: after(13)) }
        #expect(connections.open(8, client(7), at: after(14)) == [8], "no other one can be closed")
    }

    @Test("one of the client's own is closed at its own limit, and none of another's")
    func client() {
        var connections = opened([1, 2, 2, 2, 2])
        #expect(connections.open(5, client(2), at: after(6)) == [1])
        connections.close(1)
        #expect(connections.open(6, client(2), at: after(7)) == [2])
        #expect(connections.count == 5)
    }

    @Test("those whose responses have waited longest are closed when all responses exceed their memory limit")
    func answers() {
        var connections = opened([1, 2, 3, 4])
        for descriptor: Int32 in [2, 0, 1] {
            #expect(connections.enter(.responding(30_000), on: descriptor, at: after(13 - Double(descriptor))) == [])
        }
        #expect(connections.enter(.responding(20_000), on: 3, at: after(14)) == [2])
        #expect(connections.enter(.responding(500_000), on: 3, at: after(15)).sorted() == [0, 1], "one always may")
        #expect(connections.count == 1)
    }

    @Test("one that gets a stream has the time for each piece of it, and no more")
    func streams() {
        var connections = opened([1])
        _ = connections.enter(.responding(0), on: 0, at: after(0))
        for _ in 0..<10 { connections.sent(20_000, on: 0) }
        #expect(connections.overdue(at: after(229.9)) == [])
        #expect(connections.overdue(at: after(230)) == [0])
    }

    @Test("a reused descriptor starts from scratch")
    func again() {
        var connections = opened([1])
        #expect(connections.overdue(at: after(15)) == [0])
        connections.close(0)
        #expect(connections.open(0, client(1), at: after(15)) == [])
        #expect(connections.overdue(at: after(29)) == [])
        #expect(connections.overdue(at: after(30)) == [0])
    }
}
