import Compression

/// Whatever the bytes are, blocks have a bounded size, and the split of the input does not change the result.
///
/// The first byte defines how the rest is split. Output beyond a mebibyte is not read; a reader may stop there.
enum DecompressionTarget {
    private static let limit = 1 << 20

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        guard let first = bytes.first else { return }
        let input = Array(bytes.dropFirst())
        for format in CompressionFormat.allCases {
            let whole = try unfold(input, format, cut: max(input.count, 1), pieceSize: 64 << 10)
            let cut = try unfold(input, format, cut: Int(first & 0x0f) + 1, pieceSize: Int(first >> 4) * 100 + 50)
            // Beyond the limit the two stop at different positions.
            guard whole.text.count < limit, cut.text.count < limit else { continue }
            // libzstd compares a frame that ends with an empty block with its announced size only if it has all of it
            // at once.
            guard format != .zstd || whole.failure != .corrupt("Data corruption detected") else { continue }
            // The library's output before an error depends on the split.
            let (isComplete, isCompleteInPieces) = (whole.failure == nil, cut.failure == nil)
            try Disagreement.unless(
                isComplete == isCompleteInPieces && (!isComplete || whole.text == cut.text),
                "\(format): \(whole.text.count) bytes at once, \(cut.text.count) in pieces")
        }
    }

    private static func unfold(
        _ input: [UInt8], _ format: CompressionFormat, cut: Int, pieceSize: Int
    ) throws(Disagreement) -> (text: [UInt8], failure: DecompressionError?) {
        var decompressor = Decompressor(format, pieceSize: pieceSize)
        var text: [UInt8] = []
        do {
            for start in stride(from: 0, to: input.count, by: cut) {
                decompressor.feed(Array(input[start..<min(start + cut, input.count)]))
                while let piece = try decompressor.next() {
                    guard (1...pieceSize).contains(piece.count) else {
                        throw Disagreement("a piece of \(piece.count) bytes")
                    }
                    text += piece
                    if text.count >= limit { return (text, nil) }
                }
            }
            try decompressor.finish()
            return (text, nil)
        } catch let error as Disagreement {
            throw error
        } catch {
            return (text, error as? DecompressionError ?? .truncated)
        }
    }
}
