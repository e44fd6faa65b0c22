import Glibc

/// Distinguishes one version of a file from another without reading the file.
///
/// Two equal versions hold the same content, except for writes within one tick of the file system's clock (some
/// milliseconds).
public struct FileVersion: Sendable, Hashable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Time
    // Programs that copy a file together with its modification time cannot set this one.
    private let changed: Time

    private struct Time: Hashable {
        // As the system gives them: never calculated with, so no time on a disk can overflow.
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// The current version of a file, links followed; `nil` if there is none. The call blocks for as long as the file
    /// system takes to answer.
    public init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        device = information.st_dev
        inode = information.st_ino
        size = information.st_size
        modified = Time(information.st_mtim)
        changed = Time(information.st_ctim)
    }
}
