import CLinux
import Foundation
import Glibc

/// Waits for changes of files. The kernel reports them (inotify), so a wait costs nothing.
///
/// Most programs replace a file and do not write to it: editors rename a new file over it, and Kubernetes replaces the
/// link `..data` in the directory of a ConfigMap or Secret. So the directories and links that lead to the files are
/// watched too.
///
/// ```swift
/// if let watcher = FileWatcher(Array(versions.paths)) {
///     await watcher.change(from: versions)
/// }
/// ```
public final class FileWatcher: Sendable {
    /// The time between two looks at the files without a report: a file system that is mounted over a directory is not
    /// reported.
    static let interval: Duration = .seconds(60)
    /// How long after a report the files are looked at. A program may write a file in many steps, and others may write
    /// to the same directory all the time.
    private static let pause: Duration = .milliseconds(100)
    /// The largest number of links in a path that the kernel follows.
    private static let linkLimit = 40
    /// File systems whose content changes only through the kernel that is asked. Others, such as those of a network, of
    /// FUSE or of a hypervisor, also change elsewhere, which is not reported.
    private static let reportingSystems: Set<Int> = [
        Int(EXT4_SUPER_MAGIC), Int(XFS_SUPER_MAGIC), Int(BTRFS_SUPER_MAGIC), Int(F2FS_SUPER_MAGIC), Int(TMPFS_MAGIC),
        Int(RAMFS_MAGIC), Int(OVERLAYFS_SUPER_MAGIC),
        // ZFS, which the kernel's header does not name.
        0x2fc1_2fc1,
    ]

    private enum Subject {
        /// The content and the attributes of a file.
        static let file = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE
        /// The names in a directory, and the directory itself.
        static let directory = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | ancestor
        /// A directory itself. Its other entries do not matter.
        static let ancestor = IN_DELETE_SELF | IN_MOVE_SELF
    }

    private let paths: [String]
    private let reports: Int32
    /// Readable when the wait must end.
    private let end: Int32

    /// Begins to watch. The call blocks for as long as the file systems take to answer.
    ///
    /// - Parameter paths: The files, which may be missing.
    /// - Returns: `nil` if changes of one of the files would not be reported, because of its file system, missing
    ///   permissions, or limits of the system.
    public init?(_ paths: [String]) {
        self.paths = paths
        reports = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        end = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard reports >= 0, end >= 0, watch() else { return nil }
    }

    deinit {
        for descriptor in [reports, end] where descriptor >= 0 { close(descriptor) }
    }

    /// Returns when the files differ from the given versions, when a time has passed, or after `stop`, also when the
    /// task is cancelled.
    ///
    /// - Parameters:
    ///   - versions: The versions of the files. A change after them is noticed even if it came before the call.
    ///   - time: The longest time to wait; unlimited unless given.
    public func change(from versions: FileVersions, within time: Duration? = nil) async {
        let deadline = time.map { ContinuousClock.now + $0 }
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let thread = Thread { [self] in
            // Foundation names a thread only after its start.
            Thread.current.name = "files"
            wait(for: versions, until: deadline)
            continuation.finish()
        }
        thread.start()
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            stop()
        }
    }

    /// Ends the wait.
    public func stop() {
        eventfd_write(end, 1)
    }

    // MARK: On the thread

    private func wait(for versions: FileVersions, until deadline: ContinuousClock.Instant?) {
        // What leads to the files may have changed, so it is watched again before each look.
        while watch(), FileVersions(of: paths) == versions {
            let remaining = deadline.map { min(ContinuousClock.now.duration(to: $0), Self.interval) } ?? Self.interval
            guard remaining > .zero, !isEnded(within: remaining, orReportedBy: reports) else { return }
        }
    }

    /// Waits for a report. After one it waits for a moment more, and discards it and those that came meanwhile.
    ///
    /// - Returns: Whether `stop` was called.
    private func isEnded(within time: Duration, orReportedBy reports: Int32) -> Bool {
        var waiting = [end, reports].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Rounded up, so that a wait of less than a millisecond is none that is repeated at once.
        let count = poll(&waiting, 2, Int32(clamping: Int64((time / .milliseconds(1)).rounded(.up))))
        guard waiting[0].revents == 0 else { return true }
        guard count > 0, reports >= 0 else { return false }
        let isEnded = isEnded(within: Self.pause, orReportedBy: -1)
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
            // Until few reports came: if other programs change files in the directory all the time, there is no end.
            while read(reports, buffer.baseAddress, buffer.count) > buffer.count / 2 {}
        }
        return isEnded
    }

    // MARK: Watching

    /// Watches the files, and what leads to them.
    ///
    /// - Returns: Whether their changes are reported.
    private func watch() -> Bool { paths.allSatisfy(watch) }

    /// Follows a path as the kernel does.
    private func watch(_ path: String) -> Bool {
        let start = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        var names = start.split(separator: "/")[...]
        // Without links, and without a slash at its end.
        var directory = ""
        var links = 0
        while let name = names.popFirst() {
            if name == "." { continue }
            if name == ".." {
                directory = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
                continue
            }
            let next = "\(directory)/\(name)"
            var information = stat()
            guard lstat(next, &information) == 0 else {
                // It may be created.
                return errno == ENOENT && add(directory, Subject.directory)
            }
            switch information.st_mode & S_IFMT {
            case S_IFLNK:
                links += 1
                guard links <= Self.linkLimit, add(directory, Subject.directory),
                    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: next)
                else { return false }
                if target.hasPrefix("/") { directory = "" }
                names = target.split(separator: "/") + names
            case S_IFDIR where !names.isEmpty:
                // Without the permission to watch it, a rename of it is noticed later.
                _ = inotify_add_watch(reports, next, UInt32(Subject.ancestor | IN_MASK_ADD))
                directory = next
            default:
                return add(directory, Subject.directory) && add(next, Subject.file)
            }
        }
        return add(directory, Subject.directory)
    }

    private func add(_ path: String, _ subject: Int32) -> Bool {
        let path = path.isEmpty ? "/" : path
        var system = statfs()
        guard statfs(path, &system) == 0, Self.reportingSystems.contains(Int(system.f_type)) else { return false }
        return inotify_add_watch(reports, path, UInt32(subject | IN_MASK_ADD)) >= 0
    }
}
