import Foundation
import Synchronization
import Testing
import TestSupport

@testable import ConfigurationFiles

// Watchers are counted, so only one test at a time has some.
@Suite("A watcher of files", .serialized)
struct FileWatcherTests {
    /// A change of a file, and how it comes about.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The watched path, in the directory.
        let path: String
        /// Makes what is there before.
        let prepare: @Sendable (URL) throws -> Void
        /// Makes the change.
        let make: @Sendable (URL) throws -> Void
    }

    private static let files = FileManager.default

    private static func write(_ text: String, _ file: URL) throws {
        try files.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        // In place.
        try Data(text.utf8).write(to: file)
    }

    private static func link(_ link: URL, to target: String) throws {
        try files.createSymbolicLink(atPath: link.path, withDestinationPath: target)
    }

    /// Replaces a link as Kubernetes does: a new one is renamed over it.
    private static func relink(_ link: URL, to target: String) throws {
        let new = link.appendingPathExtension("new")
        try self.link(new, to: target)
        #expect(rename(new.path, link.path) == 0)
    }

    private static let changes: [Change] = [
        Change(testDescription: "it is written in place", path: "a") {
            try write("1", $0.appending(path: "a"))
        } make: {
            try write("22", $0.appending(path: "a"))
        },
        Change(testDescription: "it is replaced by a rename", path: "a") {
            try write("1", $0.appending(path: "a"))
        } make: {
            try Data("1".utf8).write(to: $0.appending(path: "a"), options: .atomic)
        },
        Change(testDescription: "it is removed", path: "a") {
            try write("1", $0.appending(path: "a"))
        } make: {
            try files.removeItem(at: $0.appending(path: "a"))
        },
        Change(testDescription: "its permissions change", path: "a") {
            try write("1", $0.appending(path: "a"))
        } make: {
            #expect(chmod($0.appending(path: "a").path, 0o400) == 0)
        },
        Change(testDescription: "it is created", path: "a") { _ in
        } make: {
            try write("1", $0.appending(path: "a"))
        },
        Change(testDescription: "it is created with its directories", path: "a/b/c") { _ in
        } make: {
            try write("1", $0.appending(path: "a/b/c"))
        },
        Change(testDescription: "the link ..data of a ConfigMap is replaced", path: "a") {
            try write("1", $0.appending(path: "..1/a"))
            try write("1", $0.appending(path: "..2/a"))
            try link($0.appending(path: "..data"), to: "..1")
            try link($0.appending(path: "a"), to: "..data/a")
        } make: {
            try relink($0.appending(path: "..data"), to: "..2")
            try files.removeItem(at: $0.appending(path: "..1"))
        },
        Change(testDescription: "a link to its directory is replaced", path: "now/./conf/../conf/a") {
            try write("1", $0.appending(path: "1/conf/a"))
            try write("1", $0.appending(path: "2/conf/a"))
            try link($0.appending(path: "now"), to: $0.appending(path: "1").path)
        } make: {
            try relink($0.appending(path: "now"), to: "2")
        },
        Change(testDescription: "the target of a link in another directory is written", path: "a") {
            try write("1", $0.appending(path: "x/y/b"))
            try link($0.appending(path: "x/c"), to: "y/b")
            try link($0.appending(path: "a"), to: "x/../x/c")
        } make: {
            try write("22", $0.appending(path: "x/y/b"))
        },
        Change(testDescription: "a broken link gets its target", path: "a") {
            try link($0.appending(path: "a"), to: "b")
        } make: {
            try write("1", $0.appending(path: "b"))
        },
        Change(testDescription: "a directory above it is renamed", path: "x/y/a") {
            try write("1", $0.appending(path: "x/y/a"))
            try write("1", $0.appending(path: "new/y/a"))
        } make: {
            try files.moveItem(at: $0.appending(path: "x"), to: $0.appending(path: "old"))
            try files.moveItem(at: $0.appending(path: "new"), to: $0.appending(path: "x"))
        },
    ]

    @Test("reports that", arguments: changes)
    func reports(change: Change) async throws {
        try await withTemporaryDirectory { directory in
            try change.prepare(directory)
            let path = directory.appending(path: change.path).path
            let other = directory.appending(path: "other")
            try Self.write("1", other)
            let paths = [other.path, path]
            let watcher = try #require(FileWatcher(paths))
            let versions = FileVersions(of: paths)
            let isReported = Mutex(false)
            let wait = Task {
                await watcher.change(from: versions)
                isReported.withLock { $0 = true }
            }
            try await Task.sleep(for: .milliseconds(100))
            #expect(isReported.withLock { !$0 }, "nothing has changed")
            try change.make(directory)
            // Less than the time of a look without a report.
            try await eventually("a report", within: FileWatcher.interval / 2) { isReported.withLock { $0 } }
            #expect(FileVersions(of: paths) != versions)
            await wait.value
        }
    }

    @Test("reports a change before the wait, and a path of the current directory")
    func before() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "a")
            let up = Self.files.currentDirectoryPath.split(separator: "/").map { _ in "../" }.joined()
            let path = up + file.path.dropFirst()
            try Self.write("1", file)
            let watcher = try #require(FileWatcher([path]))
            let versions = FileVersions(of: [path])
            try Self.write("22", file)
            let start = ContinuousClock.now
            await watcher.change(from: versions)
            #expect(.now - start < FileWatcher.interval / 2)
        }
    }

    @Test("waits while others write to the directory, until the time is over, it is stopped or the task is cancelled")
    func ends() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "a")
            try Self.write("1", file)
            let versions = FileVersions(of: [file.path])
            let writing = Task {
                for number in 0... where !Task.isCancelled {
                    try Self.write("\(number)", directory.appending(path: "b\(number % 10)"))
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            defer { writing.cancel() }
            let watcher = try #require(FileWatcher([file.path]))
            let start = ContinuousClock.now
            await watcher.change(from: versions, within: .milliseconds(500))
            #expect(.now - start >= .milliseconds(500))
            for end in [{ (_: Task<Void, Never>) in watcher.stop() }, { $0.cancel() }] {
                let wait = Task { await watcher.change(from: versions) }
                try await Task.sleep(for: .milliseconds(200))
                end(wait)
                await wait.value
            }
            #expect(.now - start < FileWatcher.interval / 2)
        }
    }

    @Test("is not possible for files of the kernel and for endless links")
    func impossible() throws {
        #expect(FileWatcher(["/proc/self/status"]) == nil)
        #expect(FileWatcher(["/dev/fd/0"]) == nil)
        try withTemporaryDirectory { directory in
            try Self.link(directory.appending(path: "a"), to: "b")
            try Self.link(directory.appending(path: "b"), to: "a")
            #expect(FileWatcher([directory.appending(path: "a").path]) == nil)
            #expect(FileWatcher([directory.appending(path: "c").path]) != nil)
        }
    }

    @Test("is closed when nothing refers to it")
    func descriptors() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "a")
            let watcher = FileWatcher([file.path])
            #expect(Self.openWatchers >= 1)
            await watcher?.change(from: FileVersions(of: [file.path]), within: .milliseconds(1))
        }
        // The thread of a wait may end later than the wait.
        try await eventually("no open watcher") { Self.openWatchers == 0 }
    }

    /// The number of the process' descriptors of inotify.
    private static var openWatchers: Int {
        (0..<1000).count { number in
            let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target == "anon_inode:inotify"
        }
    }
}
