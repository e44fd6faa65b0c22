import Compression

/// A decompressor's output for a text, up to its end or to an error.
struct Decompressed: Equatable {
    var bytes: [UInt8] = []
    var longestPiece = 0
    var error: DecompressionError?
}

/// Feeds a whole text in pieces with sizes from `inputSize`.
func decompress(
    _ format: CompressionFormat, _ text: [UInt8], pieceSize: Int = 256 << 10, inputSize: () -> Int = { .max }
) -> Decompressed {
    var decompressor = Decompressor(format, pieceSize: pieceSize)
    var result = Decompressed()
    var rest = text[...]
    do throws(DecompressionError) {
        while !rest.isEmpty {
            let input = rest.prefix(inputSize())
            rest = rest.dropFirst(input.count)
            decompressor.feed(Array(input))
            while let piece = try decompressor.next() {
                result.bytes += piece
                result.longestPiece = max(result.longestPiece, piece.count)
            }
        }
        try decompressor.finish()
    } catch {
        result.error = error
    }
    return result
}
