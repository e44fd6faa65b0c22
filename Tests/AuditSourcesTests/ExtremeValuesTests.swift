import AuditEvents
import AuditSources
import Compression
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("Numbers that a file system or the state may hold")
struct ExtremeValuesTests {
    @Test("are a modification time after the year 2262, of a rotated log and of the directory")
    func modificationTime() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.append([3])
            for path in [log.path("audit.log.1"), directory.path] {
                let times = [
                    timespec(tv_sec: 11_000_000_000, tv_nsec: 0), timespec(tv_sec: 11_000_000_000, tv_nsec: 0),
                ]
                try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
            }
            log.restart()
            log.read()
            #expect(log.ids == [1, 2, 3])
        }
    }

    // Few file systems take such sizes; the one of shared memory does.
    @Test("are the sizes of two logs that together are no 64-bit number", .enabled(if: access("/dev/shm", W_OK) == 0))
    func sizes() throws {
        let directory = URL(filePath: "/dev/shm/kube-audit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let log = try LogDirectory(directory, following: ["*.log"])
        for name in ["a.log", "b.log"] {
            try log.append([name == "a.log" ? 1 : 2], to: name)
            try #require(Glibc.truncate(log.path(name), .max) == 0)
        }
        log.read(batches: 0)
        #expect(log.states.map(\.unreadBytes) == [.max])
    }

    @Test("are the end of a log of 8 EiB", .enabled(if: access("/dev/shm", W_OK) == 0))
    func end() throws {
        let directory = URL(filePath: "/dev/shm/kube-audit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let log = try LogDirectory(directory, from: .end)
        try log.append([1])
        try #require(Glibc.truncate(log.path("audit.log"), .max) == 0)
        log.read()
        log.read()
        #expect(log.ids == [])
        #expect(log.problems == [nil])
    }

    @Test("are positions with negative offsets and sizes")
    func positions() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            try log.append([2], to: "audit.log.1")
            try log.append([3], to: "audit.log.2")
            try log.compress("audit.log.2")
            for offset in [Int.min, -1, .max] {
                for size in [Int.min, -1, .max] {
                    let fingerprint = Fingerprint(length: 100, digest: Fingerprint(of: [1]).digest)
                    log.keep(
                        FilePosition(
                            path: log.path("audit.log"), inode: .none, offset: offset, fingerprint: fingerprint,
                            size: size))
                }
            }
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [1, 2, 3])
        }
    }

    @Test("are what an archive unfolds to: one look and one read do a bounded part of it")
    func archive() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["a.log", "b.log"])
            try log.append([1], to: "a.log")
            try log.append([2], to: "b.log")
            log.read()
            try log.packZeros(to: "a.log.1.gz")
            let start = ContinuousClock.now
            try log.append([3], to: "b.log")
            log.read(batches: 1)
            let spent = ContinuousClock.now - start
            #expect(log.ids.sorted() == [1, 2, 3])
            #expect(spent < .seconds(0.5))
        }
    }
}

extension LogDirectory {
    /// Writes an archive of about 2 GiB of zeros.
    fileprivate func packZeros(to name: String) throws {
        let member = Gzip.compress([UInt8](repeating: 0, count: 16 << 20))
        try Data(Array(repeating: member, count: 128).flatMap(\.self)).write(to: URL(filePath: path(name)))
    }
}
