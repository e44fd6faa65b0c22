/// Undoes compression piece by piece, in bounded memory.
///
/// It is fed compressed bytes as they come, and asked for pieces of what they mean until it has no more. However much
/// a few bytes unfold to, a piece is never longer than `pieceSize`, and nothing is unfolded before it is asked for.
///
/// ```swift
/// var decompressor = Decompressor(.gzip)
/// while let block = try file.nextBlock() {
///     decompressor.feed(block)
///     while let piece = try decompressor.next() { lines.append(piece) }
/// }
/// try decompressor.finish()
/// ```
///
/// Several gzip members, or zstd frames, one behind the other are read as one text, as `zcat` and `zstdcat` do.
public struct Decompressor: ~Copyable, Sendable {
    /// How many bytes a piece has at the most.
    public let pieceSize: Int

    private var stream: any DecompressionStream & ~Copyable & Sendable
    private var input: [UInt8] = []
    private var position = 0
    // A full piece may have left something behind in the stream, even where there is no input any more.
    private var mayHoldOutput = false
    private var isAtEnd = false
    private var failure: DecompressionError?

    /// A decompressor at the beginning of a file.
    ///
    /// Besides a piece it holds the format's window: 32 KiB for gzip; for zstd what the file says, up to 128 MiB, which
    /// is also the bound of the `zstd` program. What asks for more is refused as corrupt.
    ///
    /// - Parameters:
    ///   - format: How the bytes are compressed.
    ///   - pieceSize: How many bytes a piece may have at the most.
    public init(_ format: CompressionFormat, pieceSize: Int = 256 << 10) {
        precondition(pieceSize > 0)
        self.pieceSize = pieceSize
        stream =
            switch format {
            case .gzip: GzipStream()
            case .zstd: ZstdStream()
            }
    }

    /// Takes the next compressed bytes, behind those that are not used up yet.
    public mutating func feed(_ bytes: [UInt8]) {
        if position == input.count {
            input = bytes
        } else {
            input.removeFirst(position)
            input += bytes
        }
        position = 0
    }

    /// The next piece, not empty; `nil` where more must be fed first.
    ///
    /// - Throws: `DecompressionError.corrupt`, after what the library made of the bytes in front of the fault, and then at
    ///   every call.
    public mutating func next() throws(DecompressionError) -> [UInt8]? {
        if let failure { throw failure }
        guard position < input.count || mayHoldOutput else { return nil }
        let piece = [UInt8](unsafeUninitializedCapacity: pieceSize) { output, count in
            while failure == nil, count < output.count, position < input.count || mayHoldOutput {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[count...])
                let step = input.withUnsafeBytes { input in
                    stream.step(from: UnsafeRawBufferPointer(rebasing: input[position...]), into: rest)
                }
                position += step.read
                count += step.written
                isAtEnd = step.isAtEnd
                mayHoldOutput = step.written == rest.count && !step.isAtEnd
                failure = step.failure
            }
        }
        if let failure, piece.isEmpty { throw failure }
        return piece.isEmpty ? nil : piece
    }

    /// Says that nothing more comes; to be called when `next` has given all.
    ///
    /// - Throws: `DecompressionError.truncated` where the bytes end within a member or a frame, or where there were
    ///   none; the same as `next` where they are corrupt.
    public func finish() throws(DecompressionError) {
        if let failure { throw failure }
        guard position == input.count, isAtEnd else { throw .truncated }
    }
}
