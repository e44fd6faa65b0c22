import Compression

/// What a compressed log unfolds to, piece by piece.
struct UnfoldedLog: ~Copyable {
    private static let readSize = 256 << 10

    private let file: LogFile
    private var decompressor: Decompressor
    private var offset = 0

    init(_ file: LogFile, _ format: CompressionFormat) {
        self.file = file
        decompressor = Decompressor(format)
    }

    /// The next piece, not empty; `nil` at the end.
    ///
    /// - Throws: `DecompressionError.truncated` where the file ends too early, as one does that is still being written.
    mutating func next() throws(DecompressionError) -> [UInt8]? {
        while true {
            if let piece = try decompressor.next() { return piece }
            let bytes = file.bytes(at: offset, count: Self.readSize)
            guard !bytes.isEmpty else {
                try decompressor.finish()
                return nil
            }
            offset += bytes.count
            decompressor.feed(bytes)
        }
    }
}
