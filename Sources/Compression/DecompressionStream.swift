/// A decompression stream of a C library. It owns memory of the library, so it cannot be copied.
protocol DecompressionStream: ~Copyable {
    /// Decompresses as much as possible, but not beyond the end of a member or frame. If there is input and room, each
    /// call reads, writes or fails.
    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
}
