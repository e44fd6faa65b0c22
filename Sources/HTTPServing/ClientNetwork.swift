import Glibc

/// Who is taken for one client: an IPv4 address, or the 64 bits of an IPv6 network, in which one host has as many
/// addresses as it likes.
struct ClientNetwork: Sendable, Hashable {
    /// 4 bytes or 8; none where the address is not known.
    private let length: Int
    private let bits: UInt64

    /// - Parameter address: The bytes of an address, 4 or 16.
    init(address: [UInt8]) {
        let isMapped = address.count == 16 && address.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        let bytes = isMapped ? address.suffix(4) : address.prefix(8)
        length = bytes.count
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The client of a connection; all whose address is not known are one.
    init(_ address: UnsafePointer<sockaddr>?) {
        let raw = UnsafeRawPointer(address)
        switch (address?.pointee.sa_family).map(Int32.init) {
        case AF_INET?:
            let address = raw?.loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(address: address.map { withUnsafeBytes(of: $0) { Array($0) } } ?? [])
        case AF_INET6?:
            let address = raw?.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(address: address.map { withUnsafeBytes(of: $0) { Array($0) } } ?? [])
        default: self.init(address: [])
        }
    }
}
