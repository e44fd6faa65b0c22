/// SipHash-2-4 with 128 bits of output: a keyed hash. Without the key, collisions cannot be constructed.
///
/// Events are identified by these hashes, and scanners control part of the hashed fields: with an ordinary hash they
/// could make many requests look like one. Unlike Swift's `Hasher` it gives the same value in every process that has the
/// key, so hashes can be stored on disk.
///
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", <https://www.aumasson.jp/siphash/siphash.pdf>.
public struct SipHash128: Sendable {
    /// 128 secret bits.
    public struct Key: Sendable, Hashable, Codable {
        /// The key's first eight bytes, little-endian.
        public var first: UInt64
        /// The key's last eight bytes, little-endian.
        public var second: UInt64

        /// A key of two halves.
        public init(first: UInt64, second: UInt64) {
            self.first = first
            self.second = second
        }

        /// A key from the system's source of random numbers.
        public static func random() -> Key {
            Key(first: .random(in: 0 ... .max), second: .random(in: 0 ... .max))
        }
    }

    /// 128 bits of hash.
    public struct Digest: Sendable, Hashable, Codable {
        /// The first eight bytes, little-endian.
        public var first: UInt64
        /// The last eight bytes, little-endian.
        public var second: UInt64

        /// A digest of two halves.
        public init(first: UInt64, second: UInt64) {
            self.first = first
            self.second = second
        }
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    // Bytes that do not fill a word yet, lowest first, and the total number of bytes.
    private var pending: UInt64 = 0
    private var count = 0

    /// Begins a hash.
    public init(key: Key) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    /// Adds bytes.
    public mutating func combine(bytes: RawSpan) {
        bytes.withUnsafeBytes { combine($0) }
    }

    /// Adds a string, with its length, so that "ab", "c" and "a", "bc" differ.
    public mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 {
            combine(UInt64($0.count))
            combine(UnsafeRawBufferPointer($0))
        }
    }

    /// Adds eight bytes, little-endian.
    public mutating func combine(_ word: UInt64) {
        append(word, bytes: 8)
    }

    private mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index + 8 <= bytes.count {
            append(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)), bytes: 8)
            index += 8
        }
        guard index < bytes.count else { return }
        var last: UInt64 = 0
        for (place, byte) in bytes[index...].enumerated() { last |= UInt64(byte) << UInt64(8 * place) }
        append(last, bytes: bytes.count - index)
    }

    /// Adds the lowest bytes of a word, whose other bytes are zero.
    @inline(__always)
    private mutating func append(_ word: UInt64, bytes: Int) {
        let shift = UInt64(8 * (count & 7))
        pending |= word &<< shift
        count += bytes
        guard Int(shift) + 8 * bytes >= 64 else { return }
        compress(pending)
        // A shift by 64 would be none.
        pending = shift == 0 ? 0 : word &>> (64 - shift)
    }

    /// The hash of all bytes so far; more can be added afterwards.
    public func digest() -> Digest {
        var state = self
        state.compress(pending | UInt64(UInt8(truncatingIfNeeded: count)) << 56)
        state.v2 ^= 0xee
        for _ in 0..<4 { state.round() }
        let first = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
        state.v1 ^= 0xdd
        for _ in 0..<4 { state.round() }
        return Digest(first: first, second: state.v0 ^ state.v1 ^ state.v2 ^ state.v3)
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v1 = v1.rotated(left: 13) ^ v0
        v0 = v0.rotated(left: 32)
        v2 &+= v3
        v3 = v3.rotated(left: 16) ^ v2
        v0 &+= v3
        v3 = v3.rotated(left: 21) ^ v0
        v2 &+= v1
        v1 = v1.rotated(left: 17) ^ v2
        v2 = v2.rotated(left: 32)
    }
}

extension UInt64 {
    fileprivate func rotated(left bits: UInt64) -> UInt64 { self << bits | self >> (64 - bits) }
}
