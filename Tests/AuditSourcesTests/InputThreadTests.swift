import Dispatch
import Glibc
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

    @Test("that waits says what woke it")
    func waking() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        defer { for end in ends { close(end) } }
        let wakings = Mutex<[InputThread<Int>.Waking]>([])
        let thread = InputThread<Int>("test") { thread in
            for timeout: Duration? in [.milliseconds(1), nil, nil] {
                let waking = thread.waking(by: input, timeout: timeout)
                wakings.withLock { $0.append(waking) }
                var byte: UInt8 = 0
                if waking == .ready { read(input, &byte, 1) }
            }
        }
        try await eventually("the end of the timeout") { wakings.withLock { $0 } == [.timedOut] }
        try #require(write(output, [1], 1) == 1)
        try await eventually("a byte to read") { wakings.withLock { $0 } == [.timedOut, .ready] }
        thread.stop()
        try await eventually("its end") { wakings.withLock { $0 } == [.timedOut, .ready, .stopped] }
    }

    @Test("knows once that others have passed an element, and until when it cannot be stuck")
    func interjected() async throws {
        let thread = InputThread<Int>("test") { thread in _ = thread.wait(for: -1) }
        defer { thread.stop() }
        #expect(!thread.takeInterruption())
        thread.interject(1)
        #expect(thread.takeInterruption())
        #expect(!thread.takeInterruption())
        try await eventually("the wait") { thread.timeUntilStuck(for: .seconds(30)) == .seconds(30) }
    }
}
