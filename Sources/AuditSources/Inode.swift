import Glibc

/// A file's number on its device; it stays with the file when that is renamed.
public struct Inode: Sendable, Hashable, Codable {
    /// The device's number.
    public var device: UInt64
    /// The file's number on the device.
    public var number: UInt64

    /// No file has it.
    public static let none = Inode(device: 0, number: 0)

    /// A number on a device, as it was kept.
    public init(device: UInt64, number: UInt64) {
        self.device = device
        self.number = number
    }

    init(_ information: stat) {
        self.init(device: UInt64(information.st_dev), number: UInt64(information.st_ino))
    }

    /// The file at a path; `nil` where there is none that can be looked at.
    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        self.init(information)
    }
}
