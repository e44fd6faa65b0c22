import Dispatch
import Foundation
import Synchronization

/// The bytes of a compressed stored log, decompressed on a thread of its own, a few pieces before they are needed.
///
/// A reader waits for the decompression only, and not for its own scan of the pieces before. The pieces, their order and
/// the problem at the end are those of `LogBytes`.
struct BytesAhead: ~Copyable, LogContent {
    private let thread: DecompressionThread
    // The next one is the last.
    private var steps: [DecompressionThread.Step] = []
    private(set) var storedOffset = 0

    /// Starts the thread.
    init(_ bytes: consuming LogBytes) {
        thread = DecompressionThread(bytes)
    }

    deinit {
        thread.stop()
    }

    mutating func next() throws(StoredLogProblem) -> [UInt8]? {
        if steps.isEmpty { steps = thread.takeSteps().reversed() }
        guard let step = steps.popLast() else { return nil }
        storedOffset = step.storedOffset
        return try step.result.get()
    }
}

/// The thread of `BytesAhead`. It ends with the content, or in its next step after `stop`.
///
/// It is `@unchecked` because `DispatchSemaphore`, which is thread-safe, is not declared as Sendable here, and because the
/// bytes are used by the thread only. The rest is protected by the mutex.
private final class DecompressionThread: @unchecked Sendable {
    /// A result of `LogBytes.next`. A problem or `nil` is the last one.
    struct Step: Sendable {
        var result: Result<[UInt8]?, StoredLogProblem>
        /// The number of bytes that were read of the file so far.
        var storedOffset: Int

        var isLast: Bool {
            if case .success(.some) = result { false } else { true }
        }
    }

    private struct State {
        /// In the order of the content.
        var steps: [Step] = []
        var isAtEnd = false
        var isStopped = false
        var readerWaits = false
        var threadWaits = false
    }

    /// The number of steps that wait for the reader at most: 1 MiB. With more, pieces leave the processor's cache before
    /// they are read, and what is freed goes back to the system and is taken page by page again.
    private static let limit = 4

    private var bytes: LogBytes
    private let state = Mutex(State())
    private let space = DispatchSemaphore(value: 0)
    private let available = DispatchSemaphore(value: 0)

    init(_ bytes: consuming LogBytes) {
        self.bytes = bytes
        let thread = Thread { [self] in
            // Foundation names a thread only after its start.
            Thread.current.name = "decompress"
            while passNextStep() {}
        }
        thread.start()
    }

    // MARK: On the thread

    /// - Returns: Whether another step follows.
    private func passNextStep() -> Bool {
        let step = nextStep()
        let (wakesReader, waits, goesOn) = state.withLock { state in
            state.steps.append(step)
            state.isAtEnd = step.isLast
            let wakesReader = state.readerWaits
            state.readerWaits = false
            let goesOn = !step.isLast && !state.isStopped
            state.threadWaits = goesOn && state.steps.count >= Self.limit
            return (wakesReader, state.threadWaits, goesOn)
        }
        if wakesReader { available.signal() }
        if waits { space.wait() }
        return goesOn
    }

    private func nextStep() -> Step {
        let result: Result<[UInt8]?, StoredLogProblem>
        do throws(StoredLogProblem) {
            result = .success(try bytes.next())
        } catch {
            result = .failure(error)
        }
        return Step(result: result, storedOffset: bytes.storedOffset)
    }

    // MARK: From elsewhere

    /// Waits for the next steps, and takes them; none after the last one.
    func takeSteps() -> [Step] {
        while true {
            let (steps, wakesThread) = state.withLock { state -> ([Step]?, Bool) in
                guard state.isAtEnd || !state.steps.isEmpty else {
                    state.readerWaits = true
                    return (nil, false)
                }
                defer { (state.steps, state.threadWaits) = ([], false) }
                return (state.steps, state.threadWaits)
            }
            if wakesThread { space.signal() }
            if let steps { return steps }
            available.wait()
        }
    }

    func stop() {
        let wakesThread = state.withLock { state in
            state.isStopped = true
            defer { state.threadWaits = false }
            return state.threadWaits
        }
        if wakesThread { space.signal() }
    }
}
