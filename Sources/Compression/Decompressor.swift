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
/// Several gzip members, or zstd frames, in a row are read as one text, as `zcat` and `zstdcat` do. Zeros and line ends
/// between and behind them are skipped: zeros fill a block of a tape, or of a disk after a power failure, and a program that
/// writes messages as lines puts a line end behind a message that is a member too. Any other bytes are an error, since
/// members may follow them.
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

    /// The number of bytes that were fed and not decompressed yet: where damage lies, from the end of the fed bytes.
    public var unreadCount: Int { input.count - position }

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
    /// - Throws: `DecompressionError.corrupt` or `.notCompressed`, after all pieces before the damage, and again at every
    ///   further call.
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

/// A supported compression format.
public enum CompressionFormat: Sendable, Hashable, CaseIterable {
    /// gzip (RFC 1952), as logrotate and the API server write it.
    case gzip
    /// Zstandard (RFC 8878).
    case zstd

    /// The number of bytes at the beginning of a file that identify its format.
    public static let magicLength = 4

    /// The format of a file that begins with these bytes; `nil` if it is not compressed, or in an unsupported format.
    /// The name of the file does not matter, because rotation and copying change it.
    public init?(beginning bytes: some Sequence<UInt8>) {
        let beginning = Array(bytes.prefix(Self.magicLength))
        if beginning.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if beginning.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstd
        } else {
            return nil
        }
    }
}

/// The reason why compressed data cannot be read completely.
public enum DecompressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The data ends within a member or frame: the file is still being written, or was cut off.
    case truncated
    /// The data violates the format or fails its checksum; with the library's message.
    case corrupt(String)
    /// Bytes that begin no member or frame follow the last one.
    case notCompressed

    /// The reason, in words.
    public var description: String {
        switch self {
        case .truncated: "compressed data ends too early"
        case .corrupt(let reason): "compressed data is corrupt: \(reason)"
        case .notCompressed: "what follows the compressed data is not compressed"
        }
    }
}

/// A decompression stream of a C library. It owns memory of the library, so it cannot be copied.
protocol DecompressionStream: ~Copyable {
    /// Decompresses as much as possible, but not beyond the end of a member or frame. If there is input and room, each
    /// call reads, writes or fails.
    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
}

/// The result of one call into a C library.
struct DecompressionStep {
    /// Bytes of the input that were consumed.
    var read: Int
    /// Bytes that were written to the output.
    var written: Int
    /// Whether a member or frame was completely written.
    var isAtEnd: Bool
    /// The error that ends decompression; `nil` if it can continue.
    var failure: DecompressionError?

    /// Consumes nothing.
    static func failed(_ failure: DecompressionError) -> DecompressionStep {
        DecompressionStep(read: 0, written: 0, isAtEnd: false, failure: failure)
    }
}

extension DecompressionStep {
    /// Skips zeros and line ends between members or frames; `nil` if the input begins with something else.
    init?(skippingPaddingOf input: UnsafeRawBufferPointer) {
        let count = input.prefix { $0 == 0 || $0 == 10 || $0 == 13 }.count
        guard count > 0 else { return nil }
        self.init(read: count, written: 0, isAtEnd: true, failure: nil)
    }
}
