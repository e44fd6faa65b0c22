import CZstd

/// Decompresses Zstandard with libzstd.
///
/// Unchecked, because its context is a C pointer; the pointer has one owner, since this type cannot be copied.
struct ZstdStream: ~Copyable, DecompressionStream, @unchecked Sendable {
    private let context: OpaquePointer
    private var isBetweenFrames = true
    private var hasReadFrame = false

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("out of memory") }
        self.context = context
        // A file requests the size of its window; 2^27 bytes is the default limit of the zstd program.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
    {
        if isBetweenFrames, hasReadFrame, let padding = DecompressionStep(skippingPaddingOf: input) { return padding }
        if isBetweenFrames, let first = input.first, !Self.canBegin(with: first) { return unknownFrame() }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(status) != 0, ZSTD_getErrorCode(status) == ZSTD_error_prefix_unknown {
            return unknownFrame()
        }
        isBetweenFrames = status == 0 || isBetweenFrames && source.pos == 0
        hasReadFrame = hasReadFrame || status == 0
        return DecompressionStep(
            read: source.pos, written: target.pos, isAtEnd: status == 0, failure: failure(for: status))
    }

    /// Whether a frame or a skippable frame can begin with `byte` (RFC 8878, 3.1).
    ///
    /// libzstd may also support the formats before 1.0, which are not used for logs. That old code accepts some truncated
    /// frames as complete and returns bytes that it did not write.
    private static func canBegin(with byte: UInt8) -> Bool {
        byte == 0x28 || byte & 0xf0 == 0x50
    }

    private func unknownFrame() -> DecompressionStep {
        .failed(hasReadFrame ? .notCompressed : .corrupt("Unknown frame descriptor"))
    }

    private func failure(for status: Int) -> DecompressionError? {
        guard ZSTD_isError(status) != 0 else { return nil }
        if ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation { fatalError("out of memory") }
        return .corrupt(String(cString: ZSTD_getErrorName(status)))
    }
}
