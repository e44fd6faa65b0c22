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
}
