import Compression

/// The decompressed content of a log, piece by piece.
struct UnfoldedLog: ~Copyable {
    /// Why there is no next piece.
    enum Failure: Error {
        /// The file cannot be read now; the next call tries again.
        case file(FileFailure)
        case compression(DecompressionError)
    }

    private static let readSize = 256 << 10

    private let file: LogFile
    private var decompressor: Decompressor
    private var offset = 0

    init(_ file: LogFile, _ format: CompressionFormat) {
        self.file = file
        decompressor = Decompressor(format)
    }

    /// The next piece, at most 256 KiB; empty where compressed bytes were read that hold nothing, `nil` at the end.
    ///
    /// - Throws: `Failure`; `DecompressionError.truncated` where the file ends too early, as one does that is still
    ///   being written.
    mutating func next() throws(Failure) -> [UInt8]? {
        do throws(DecompressionError) {
            if let piece = try decompressor.next() { return piece }
        } catch {
            throw .compression(error)
        }
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try file.bytes(at: offset, count: Self.readSize)
        } catch {
            throw .file(error)
        }
        guard bytes.isEmpty else {
            offset += bytes.count
            decompressor.feed(bytes)
            return []
        }
        do throws(DecompressionError) {
            try decompressor.finish()
        } catch {
            throw .compression(error)
        }
        return nil
    }
}
