public import AuditEvents
public import Foundation
import Glibc

/// Events from standard input: a pipe, a terminal or a file, also compressed.
public struct StandardInput: AuditInput {
    /// `stdin`.
    public let kind = InputKind.stdin

    private static let readSize = 1 << 20

    private let descriptor: Int32
    private let selectors: [EventSelector]
    private let format: AuditFormat
    private let start: StartingPoint
    private let patience: Duration
    private let now: @Sendable () -> Double
    private let report: LogReport

    /// - Parameters:
    ///   - descriptor: The descriptor to read.
    ///   - selectors: Which events are wanted.
    ///   - format: The form of the records.
    ///   - start: Which requests count, measured from the time at which reading begins.
    ///   - patience: After this time without bytes, a last record without a line feed counts if it is whole.
    ///   - report: Takes the state when reading begins and when it ends.
    ///   - now: Seconds since 1970.
    public init(
        descriptor: Int32 = 0, selecting selectors: [EventSelector], as format: AuditFormat = .auto,
        from start: StartingPoint = .beginning, patience: Duration = .seconds(5),
        report: @escaping LogReport = { _ in },
        now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 }
    ) {
        self.descriptor = descriptor
        self.selectors = selectors
        self.format = format
        self.start = start
        self.patience = patience
        self.now = now
        self.report = report
    }

    /// Reads until the input ends, a read fails, compressed data is faulty, or the task is cancelled. A last line without
    /// a line feed is a line.
    ///
    /// - Throws: What `deliver` throws.
    public func run(_ deliver: @escaping BatchHandler) async throws {
        var state = LogState(log: "-", starts: [LogStart(path: "-", place: .start(start))])
        await report([state])
        let thread = InputThread<Result<[UInt8], FileFailure>>("standard input") { [descriptor, patience] thread in
            Self.read(descriptor, patience, thread)
        }
        defer { thread.stop() }
        var failure: FileFailure?
        var content = StreamContent()
        var reading = Reading(scanner: EventScanner(selecting: selectors), countsFrom: start.cutoff(at: now()))
        for await outcome in thread.elements {
            switch outcome {
            case .success(let bytes) where bytes.isEmpty:
                guard try await takeWholeRest(&reading, &state, deliver) else { return }
            case .success(let bytes): content.feed(bytes)
            case .failure(let error): failure = error
            }
            while let bytes = content.next() {
                guard try await take(bytes, &reading, &state, deliver) else { return }
            }
            guard content.fault == nil else { break }
            thread.takeNext()
        }
        guard !Task.isCancelled else { return }
        if let bytes = content.end() {
            guard try await take(bytes, &reading, &state, deliver) else { return }
        }
        guard try await takeRest(&reading, &state, deliver) else { return }
        if let fault = content.fault {
            let end = reading.lines.offset
            let loss = LogLoss(path: "-", offset: end, knownBytes: 0, reason: fault)
            let batch = InputBatch(input: .stdin, path: "-", scanned: ScannedEvents(), bytes: 0, losses: [loss])
            _ = try await self.deliver(batch, to: deliver)
        }
        state.problem = content.fault ?? failure.map { "\($0)" } ?? "it has ended"
        state.readErrors = content.fault == nil && failure == nil ? 0 : 1
        await report([state])
    }

    /// How far it is read.
    private struct Reading: ~Copyable {
        var lines = LineBuffer(offset: 0)
        var scanner: EventScanner
        let countsFrom: Double?

        init(scanner: consuming EventScanner, countsFrom: Double?) {
            self.scanner = scanner
            self.countsFrom = countsFrom
        }
    }

    /// Delivers the lines that bytes complete.
    ///
    /// - Returns: Whether they were taken.
    private func take(
        _ bytes: [UInt8], _ reading: inout Reading, _ state: inout LogState, _ deliver: BatchHandler
    ) async throws -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let piece = reading.lines.readPiece(from: &rest), piece.consumed > 0 else { continue }
            let batch = batch(piece, &reading, isLast: false)
            state.note(batch.scanned)
            guard try await self.deliver(batch, to: deliver) else { return false }
        }
        return true
    }

    /// Delivers the last record, which has no line feed, if it is whole: a shipper may put none behind its records.
    private func takeWholeRest(
        _ reading: inout Reading, _ state: inout LogState, _ deliver: BatchHandler
    ) async throws -> Bool {
        guard !reading.lines.isSkipping, EventScanner.areWhole(reading.lines.rest.span.bytes) else { return true }
        return try await takeRest(&reading, &state, deliver)
    }

    private func takeRest(
        _ reading: inout Reading, _ state: inout LogState, _ deliver: BatchHandler
    ) async throws -> Bool {
        guard let piece = reading.lines.takeRest() else { return true }
        let batch = batch(piece, &reading, isLast: true)
        state.note(batch.scanned)
        return try await self.deliver(batch, to: deliver)
    }

    /// Passes on what is read, and no bytes once after `patience` without any.
    private static func read(
        _ descriptor: Int32, _ patience: Duration, _ thread: InputThread<Result<[UInt8], FileFailure>>
    ) {
        var buffer = [UInt8](repeating: 0, count: readSize)
        var isQuiet = true
        while true {
            switch thread.waking(by: descriptor, timeout: isQuiet ? nil : patience) {
            case .stopped: return
            case .timedOut:
                isQuiet = true
                guard thread.hand(over: .success([])) else { return }
                continue
            case .ready: isQuiet = false
            }
            let got = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                _ = thread.hand(over: .failure(.read(errno)))
            }
            guard got > 0, thread.hand(over: .success(Array(buffer[..<got]))) else { return }
        }
    }

    private func batch(_ piece: LineBuffer.Piece, _ reading: inout Reading, isLast: Bool) -> InputBatch {
        let scanned = scan(piece, &reading.lines, &reading.scanner, isLast: isLast)
        return InputBatch(
            input: .stdin, path: "-", scanned: scanned, bytes: piece.consumed - scanned.keptBytes,
            oversizedLines: piece.oversizedLines, countsFrom: reading.countsFrom)
    }

    private func scan(
        _ piece: LineBuffer.Piece, _ lines: inout LineBuffer, _ scanner: inout EventScanner, isLast: Bool
    ) -> ScannedEvents {
        var scanned = scanner.scan(
            lines: lines.bytes.span.bytes.extracting(0..<piece.length), as: format, isLast: isLast,
            isContinued: piece.isContinued)
        lines.giveBack(scanned.rest, head: scanned.restHead)
        if scanned.skipsLine { lines.skipLine() }
        for index in scanned.malformed.indices { scanned.malformed[index].offset += piece.offset }
        return scanned
    }
}

extension StartingPoint {
    /// The `stageTimestamp` from which on requests count, in seconds since 1970; `nil` if all count. Standard input has
    /// no end to begin at, so `end` leaves out what happened before `start`.
    ///
    /// - Parameter start: Seconds since 1970.
    fileprivate func cutoff(at start: Double) -> Double? {
        switch self {
        case .beginning: nil
        case .end: start
        case .recent(let seconds): start - seconds
        }
    }
}
