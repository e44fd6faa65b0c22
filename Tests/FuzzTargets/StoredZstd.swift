/// zstd frames with uncompressed content (RFC 8878, 3.1.1), which a reader treats like compressed ones.
enum StoredZstd {
    /// One frame.
    ///
    /// - Parameter bytes: Less than 4 GiB.
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        // A single segment, whose size is in four bytes.
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xa0] + littleEndian(bytes.count, 4)
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(100 << 10)
            rest = rest.dropFirst(block.count)
            frame += littleEndian(block.count << 3 | (rest.isEmpty ? 1 : 0), 3) + block
        } while !rest.isEmpty
        return frame
    }

    private static func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
