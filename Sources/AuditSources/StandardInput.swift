public import AuditEvents

/// Events from standard input: a pipe, a terminal or a file.
public struct StandardInput: Sendable {
    private let descriptor: Int32
    private let selector: EventSelector

    /// - Parameters:
    ///   - descriptor: What to read; standard input unless given.
    ///   - selector: Which events are wanted.
    public init(descriptor: Int32 = 0, selecting selector: EventSelector) {
        self.descriptor = descriptor
        self.selector = selector
    }

    /// Reads until the input ends or the task is cancelled. A last line without a line feed counts as one.
    ///
    /// - Parameter deliver: Takes what was read.
    /// - Throws: What `deliver` throws.
    public func run(deliver: BatchHandler) async throws {
        let reader = DescriptorReader(descriptor)
        defer { reader.stop() }
        try await withTaskCancellationHandler {
            var lines = LineBuffer(offset: 0)
            var scanner = EventScanner(selecting: selector)
            for await bytes in reader.pieces {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let outcome = lines.readPiece(expecting: rest.count) { buffer in
                        let count = min(buffer.count, rest.count)
                        buffer.copyBytes(from: rest.prefix(count))
                        rest = rest.dropFirst(count)
                        return count
                    }
                    if case .piece(let piece) = outcome, piece.consumed > 0 {
                        _ = try await deliver(batch(piece, in: lines, &scanner))
                    }
                }
                reader.next()
            }
            if let piece = lines.takeRest() { _ = try await deliver(batch(piece, in: lines, &scanner)) }
        } onCancel: {
            reader.stop()
        }
    }

    private func batch(_ piece: LineBuffer.Piece, in lines: LineBuffer, _ scanner: inout EventScanner) -> InputBatch {
        var scanned = scanner.scan(lines: lines.bytes.span.bytes.extracting(0..<piece.length))
        for index in scanned.malformed.indices { scanned.malformed[index].offset += piece.offset }
        return InputBatch(
            input: .stdin, path: "-", scanned: scanned, bytes: piece.consumed, oversizedLines: piece.oversizedLines)
    }
}
