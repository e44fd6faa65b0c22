import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import AuditSources

@Suite("A thread of an input")
struct InputThreadTests {
    @Test("is one element ahead at most")
    func ahead() async throws {
        let handed = Mutex(0)
        let thread = InputThread<Int>("test") { thread in
            for number in 1... {
                guard thread.hand(over: number) else { return }
                handed.withLock { $0 = number }
            }
        }
        defer { thread.stop() }
        var expected = 1
        for await number in thread.elements {
            #expect(number == expected)
            try await Task.sleep(for: .milliseconds(5))
            #expect(handed.withLock { $0 } <= expected)
            if expected == 10 { break }
            expected += 1
            thread.takeNext()
        }
    }

    @Test("that is blocked is reported as stuck, and keeps nobody who is cancelled")
    func blocked() async throws {
        let release = DispatchSemaphore(value: 0)
        let thread = InputThread<Int>("test") { thread in
            guard thread.wait(for: -1, timeout: .milliseconds(1)), thread.hand(over: 1) else { return }
            release.wait()
            _ = thread.hand(over: 2)
        }
        let task = Task {
            var taken: [Int] = []
            for await number in thread.elements {
                taken.append(number)
                thread.takeNext()
            }
            return taken
        }
        try await eventually("the thread to be stuck") { thread.isStuck(for: .milliseconds(50)) }
        task.cancel()
        #expect(await task.value == [1])
        thread.stop()
        release.signal()
    }

    @Test("that waits is not stuck, and ends when it is told")
    func waiting() async throws {
        let isEnded = Mutex(false)
        let thread = InputThread<Int>("test") { thread in
            while thread.wait(for: -1) {}
            isEnded.withLock { $0 = true }
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(!thread.isStuck(for: .milliseconds(20)))
        #expect(!isEnded.withLock { $0 })
        thread.stop()
        try await eventually("its end") { isEnded.withLock { $0 } }
    }
}
