/// The stream of a C library. It owns what the library allocated, and so is not copied.
protocol DecompressionStream: ~Copyable {
    /// Reads what it can and writes what it can, at the most to the end of a member or frame. Where there was input and
    /// room it reads, writes or fails.
    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
}
