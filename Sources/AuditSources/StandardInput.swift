public import AuditEvents
import Glibc

/// Events from standard input: a pipe, a terminal or a file.
public struct StandardInput: AuditInput {
    /// `stdin`.
    public let kind = InputKind.stdin

    private static let readSize = 1 << 20

    private let descriptor: Int32
    private let selectors: [EventSelector]
    private let report: LogReport

    /// - Parameters:
    ///   - descriptor: The descriptor to read.
    ///   - selectors: Which events are wanted.
    ///   - report: Takes the state when reading begins and when it ends.
    public init(
        descriptor: Int32 = 0, selecting selectors: [EventSelector], report: @escaping LogReport = { _ in }
    ) {
        self.descriptor = descriptor
        self.selectors = selectors
        self.report = report
    }

    /// Reads until the input ends, a read fails, or the task is cancelled. A last line without a line feed is a line.
    ///
    /// - Throws: What `deliver` throws.
    public func run(_ deliver: @escaping BatchHandler) async throws {
        var state = LogState(log: "-", starts: [LogStart(path: "-", place: .start(.beginning))])
        await report([state])
        let thread = InputThread<Result<[UInt8], FileFailure>>("standard input") { [descriptor] thread in
            Self.read(descriptor, thread)
        }
        defer { thread.stop() }
        var failure: FileFailure?
        var lines = LineBuffer(offset: 0)
        var scanner = EventScanner(selecting: selectors)
        for await outcome in thread.elements {
            switch outcome {
            case .success(let bytes):
                var rest = bytes[...]
                while !rest.isEmpty {
                    guard let piece = lines.readPiece(from: &rest), piece.consumed > 0 else { continue }
                    let batch = batch(piece, in: lines, &scanner)
                    state.note(batch.scanned)
                    guard try await self.deliver(batch, to: deliver) else { return }
                }
            case .failure(let error): failure = error
            }
            thread.takeNext()
        }
        guard !Task.isCancelled else { return }
        if let piece = lines.takeRest() {
            let batch = batch(piece, in: lines, &scanner)
            state.note(batch.scanned)
            _ = try await self.deliver(batch, to: deliver)
        }
        state.problem = failure.map { "\($0)" } ?? "it has ended"
        state.readErrors = failure == nil ? 0 : 1
        await report([state])
    }

    private static func read(_ descriptor: Int32, _ thread: InputThread<Result<[UInt8], FileFailure>>) {
        var buffer = [UInt8](repeating: 0, count: readSize)
        while thread.wait(for: descriptor) {
            let got = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                _ = thread.hand(over: .failure(.read(errno)))
            }
            guard got > 0, thread.hand(over: .success(Array(buffer[..<got]))) else { return }
        }
    }

    private func batch(_ piece: LineBuffer.Piece, in lines: LineBuffer, _ scanner: inout EventScanner) -> InputBatch {
        var scanned = scanner.scan(lines: lines.bytes.span.bytes.extracting(0..<piece.length))
        for index in scanned.malformed.indices { scanned.malformed[index].offset += piece.offset }
        return InputBatch(
            input: .stdin, path: "-", scanned: scanned, bytes: piece.consumed, oversizedLines: piece.oversizedLines)
    }
}
