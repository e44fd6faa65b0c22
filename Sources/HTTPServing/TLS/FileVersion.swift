import Glibc

/// What tells one version of a file from another.
struct FileVersion: Sendable, Hashable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let changedSeconds: Int
    private let changedNanoseconds: Int

    /// The version that is there now, links followed; `nil` where none is.
    init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        device = information.st_dev
        inode = information.st_ino
        size = information.st_size
        changedSeconds = information.st_mtim.tv_sec
        changedNanoseconds = information.st_mtim.tv_nsec
    }
}
