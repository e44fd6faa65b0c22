import Glibc

/// An address of this machine that no other program uses, even while the exporter is down: other programs rarely use
/// 127.0.0.0/8 beyond 127.0.0.1, and the port is outside the kernel's ephemeral range.
struct LoopbackAddress: Sendable, CustomStringConvertible {
    let host: String
    let port: UInt16

    static func own(port: UInt16) -> LoopbackAddress {
        let process = Int(getpid())
        let parts = [127, 64 + process >> 14 & 63, process >> 7 & 127, 1 + process & 127]
        return LoopbackAddress(host: parts.map(String.init).joined(separator: "."), port: port)
    }

    var description: String { "\(host):\(port)" }
}
