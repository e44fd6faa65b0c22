/// What became of one call into a C library.
struct DecompressionStep {
    /// How many bytes of the input were used up.
    var read: Int
    /// How many bytes were written to the output.
    var written: Int
    /// Whether a member or frame is complete, and all of it was written.
    var isAtEnd: Bool
    /// Why there is no going on.
    var failure: DecompressionError?
}
