import Glibc

/// An address of this machine that no other program uses, though the exporter gives it up at each kill: few know that
/// all of 127.0.0.0/8 is this machine, and the port is none that the kernel gives to who asks for any.
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
