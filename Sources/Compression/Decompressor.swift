/// Decompresses data piece by piece, in bounded memory.
///
/// `feed` takes compressed bytes, and `next` returns decompressed pieces until the bytes are used up. A piece is never
/// longer than `pieceSize`, whatever the compression ratio, and nothing is decompressed before `next` is called.
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
/// Several gzip members, or zstd frames, in a row are read as one text, as `zcat` and `zstdcat` do.
public struct Decompressor: ~Copyable, Sendable {
    /// Maximum size of a piece in bytes.
    public let pieceSize: Int

    private var stream: any DecompressionStream & ~Copyable & Sendable
    private var input: [UInt8] = []
    private var position = 0
    // After a full piece the stream may hold more output, even if all input is consumed.
    private var mayHoldOutput = false
    private var isAtEnd = false
    private var failure: DecompressionError?

    /// A decompressor at the beginning of a file.
    ///
    /// In addition to a piece it holds the format's window: 32 KiB for gzip; for zstd the size that the file requests, at
    /// most 128 MiB, as in the `zstd` program. A file that requests more is treated as corrupt.
    ///
    /// - Parameters:
    ///   - format: The format of the data.
    ///   - pieceSize: Maximum size of a piece in bytes.
    public init(_ format: CompressionFormat, pieceSize: Int = 256 << 10) {
        precondition(pieceSize > 0)
        self.pieceSize = pieceSize
        stream =
            switch format {
            case .gzip: GzipStream()
            case .zstd: ZstdStream()
            }
    }

    /// Appends compressed bytes to those that are not consumed yet.
    public mutating func feed(_ bytes: [UInt8]) {
        if position == input.count {
            input = bytes
        } else {
            input.removeFirst(position)
            input += bytes
        }
        position = 0
    }

    /// The next piece, not empty; `nil` if more bytes must be fed first.
    ///
    /// - Throws: `DecompressionError.corrupt`, after all pieces before the damage, and again at every further call.
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

    /// Checks that the data is complete. Call it after the last piece, when no more bytes follow.
    ///
    /// - Throws: `DecompressionError.truncated` if the data is empty or ends within a member or frame; the error of
    ///   `next` if it is corrupt.
    public func finish() throws(DecompressionError) {
        if let failure { throw failure }
        guard position == input.count, isAtEnd else { throw .truncated }
    }
}
