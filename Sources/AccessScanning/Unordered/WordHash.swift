import AuditEvents

/// SipHash-1-3 with 128 bits of output, over words.
///
/// Clients choose most of what is hashed, so the hash is keyed: without the key, no two requests can be made to look like
/// one, and no table can be made slow. One round per word instead of the two of `SipHash128` is what Swift's, Rust's and
/// Python's dictionaries use against such clients. These hashes live as long as the process, and nobody gets to see them;
/// those that are stored are `SipHash128`.
struct WordHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    init(key: SipHash128.Key) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func combine(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    mutating func combine(_ digest: SipHash128.Digest) {
        combine(digest.first)
        combine(digest.second)
    }

    /// Adds a text: its length, and its bytes in words, the last of which is filled with zeros.
    mutating func combine(_ text: UnsafeRawBufferPointer) {
        combine(UInt64(text.count))
        var index = 0
        while index + 8 <= text.count {
            combine(UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        guard index < text.count else { return }
        var last: UInt64 = 0
        if index + 4 <= text.count {
            last = UInt64(UInt32(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
            index += 4
        }
        while index < text.count {
            last |= UInt64(text[index]) << UInt64(8 * (index % 8))
            index += 1
        }
        combine(last)
    }

    mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
    }

    /// The first half of the digest.
    @inline(__always)
    mutating func word() -> UInt64 {
        v2 ^= 0xee
        for _ in 0..<3 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    consuming func digest() -> SipHash128.Digest {
        let first = word()
        v1 ^= 0xdd
        for _ in 0..<3 { round() }
        return SipHash128.Digest(first: first, second: v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}

extension SipHash128.Digest {
    /// The hash of a text.
    init(of text: UnsafeRawBufferPointer, key: SipHash128.Key) {
        var hash = WordHash(key: key)
        hash.combine(text)
        self = hash.digest()
    }

    /// The hash of source addresses, in order.
    init(ofAddresses addresses: [String], key: SipHash128.Key) {
        var hash = WordHash(key: key)
        hash.combine(UInt64(addresses.count))
        for address in addresses { hash.combine(address) }
        self = hash.digest()
    }

    /// The hash of those parts of a request's identity that its template has too: what a client asks for.
    init(ofContentOf event: AuditEvent, key: SipHash128.Key) {
        var hash = WordHash(key: key)
        hash.combine(event.verb)
        hash.combine(event.requestURI)
        // The API server omits an empty user agent, and a shipper may write it as an empty string.
        hash.combine(event.userAgent ?? "")
        self = hash.digest()
    }
}

extension RequestKey {
    /// The key of a request, by the same fields as `RequestIdentity`.
    ///
    /// - Parameters:
    ///   - received: The requestReceivedTimestamp.
    ///   - time: Its time, which is a part of the key; `nil` if it has none.
    ///   - addresses: The hash of the addresses.
    ///   - content: The hash of what it asks for.
    init(
        ofRequest auditID: UnsafeRawBufferPointer, received: WrittenTime, at time: Int64?, addresses: UInt64,
        content: UInt64, key: SipHash128.Key
    ) {
        var hash = WordHash(key: key)
        hash.combine(auditID)
        if case .other(let digest) = received { hash.combine(digest) }
        hash.combine(addresses)
        hash.combine(content)
        if let time {
            self.init(time: time, hash: hash.word())
        } else {
            self.init(untimed: hash.digest())
        }
    }
}
