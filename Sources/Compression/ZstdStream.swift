import CZstd

/// libzstd's side of reading Zstandard.
///
/// Unchecked, for its stream is a C pointer: it has one owner, and whoever has that may use it.
struct ZstdStream: ~Copyable, DecompressionStream, @unchecked Sendable {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("out of memory") }
        self.context = context
        // A file says itself how large a window it wants; 2^27 bytes is the most that zstd takes unasked.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
    {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(context, &target, &source)
        return DecompressionStep(
            read: source.pos, written: target.pos, isAtEnd: status == 0, failure: failure(for: status))
    }

    private func failure(for status: Int) -> DecompressionError? {
        guard ZSTD_isError(status) != 0 else { return nil }
        if ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation { fatalError("out of memory") }
        return .corrupt(String(cString: ZSTD_getErrorName(status)))
    }
}
