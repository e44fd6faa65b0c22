/// Writes Zstandard by hand, from RFC 8878, with blocks that are uncompressed or repeat one byte: enough to create
/// unusual frames.
struct ZstdFrame {
    enum Block {
        case raw([UInt8])
        /// One byte and its number of repetitions.
        case repeated(UInt8, Int)
    }

    /// 2^(10 + exponent) bytes of window.
    var windowExponent: UInt8 = 7
    var blocks: [Block]

    var bytes: [UInt8] {
        var bytes: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, windowExponent << 3]
        for (index, block) in blocks.enumerated() {
            let last = index == blocks.count - 1 ? 1 : 0
            switch block {
            case .raw(let content): bytes += Self.header(last | content.count << 3) + content
            case .repeated(let byte, let count): bytes += Self.header(last | 1 << 1 | count << 3) + [byte]
            }
        }
        return bytes
    }

    /// A skippable frame without content, as written by pzstd.
    static func skippable(_ content: [UInt8]) -> [UInt8] {
        [0x50, 0x2a, 0x4d, 0x18, UInt8(content.count), 0, 0, 0] + content
    }

    private static func header(_ value: Int) -> [UInt8] {
        [UInt8(value & 0xff), UInt8(value >> 8 & 0xff), UInt8(value >> 16)]
    }
}
