import AccessScanning
import AuditSources
import ConfigurationFiles
import Dispatch
import Foundation
import Logging
import Synchronization
import Testing
import TestSupport

@testable import Exporter

@Suite("Reloading of files")
struct ReloadableFilesTests {
    /// What happened to a file whose reads a test controls.
    private final class Reads: Sendable {
        let begun = Mutex(0)
        let used = Mutex<[Int]>([])
        /// Each read waits for a signal if it is blocked.
        let gate = DispatchSemaphore(value: 0)
        let isBlocked = Mutex(false)

        func file(_ flag: String, _ path: URL) -> ReloadableFile {
            ReloadableFile(flag: flag, versions: FileVersions(of: [path.path])) { files in
                let number = self.begun.withLock { begun in
                    begun += 1
                    return begun
                }
                if self.isBlocked.withLock({ $0 }) { self.gate.wait() }
                let reading = FileReading(of: files) {
                    FileReading(
                        .success(ReloadableFile.Content { self.used.withLock { $0.append(number) } }), files: files)
                }
                return ReloadableFile.Attempt(reading: reading)
            }
        }
    }

    private static func files(_ files: [ReloadableFile], _ status: StatusBoard = StatusBoard(Status()))
        -> ReloadableFiles
    {
        let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        // A second ahead, so that files that have not changed are not waited for.
        return ReloadableFiles(files, status: status, logger: silent, now: { 1000 }, clock: { .now + .seconds(1) })
    }

    @Test("never puts an older read in the place of a newer one")
    func order() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "file")
            try Data("1".utf8).write(to: path)
            let reads = Reads()
            let files = Self.files([reads.file("--x", path)])
            reads.isBlocked.withLock { $0 = true }
            try await Task.sleep(for: .milliseconds(500))
            async let first = files.reload()
            try await eventually("the first read") { reads.begun.withLock { $0 } == 1 }
            async let second = files.reload()
            reads.isBlocked.withLock { $0 = false }
            try await Task.sleep(for: .milliseconds(100))
            #expect(reads.begun.withLock { $0 } == 1, "a read waits for the one before")
            reads.gate.signal()
            #expect(await first == [])
            #expect(await second == [])
            #expect(reads.used.withLock { $0 } == [1, 2])
        }
    }

    @Test("merges requests that arrive before a reload begins, and pauses between reloads")
    func merged() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "file")
            try Data("1".utf8).write(to: path)
            let reads = Reads()
            let files = Self.files([reads.file("--x", path)])
            try await Task.sleep(for: .milliseconds(500))
            let start = ContinuousClock.now
            await withTaskGroup { group in
                for _ in 0..<1000 { group.addTask { #expect(await files.reload() == []) } }
            }
            let count = reads.begun.withLock { $0 }
            let seconds = start.duration(to: .now) / .seconds(1)
            #expect((1...3).contains(count))
            #expect(Double(count - 1) <= seconds, "\(count) reads in \(seconds) s")
        }
    }

    @Test("goes on for other files while a file system does not answer")
    func hanging() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "file")
            try Data("1".utf8).write(to: path)
            let (hanging, other) = (Reads(), Reads())
            let files = Self.files([hanging.file("--x", path), other.file("--y", path)])
            hanging.isBlocked.withLock { $0 = true }
            let watching = Task { await files.watch() }
            try await Task.sleep(for: .milliseconds(1100))
            try Data("22".utf8).write(to: path)
            try await eventually("the read that hangs") { hanging.begun.withLock { $0 } == 1 }
            for text in ["333", "4444"] {
                let before = other.used.withLock { $0.count }
                try Data(text.utf8).write(to: path)
                try await eventually("a read of the other file") { other.used.withLock { $0.count } > before }
            }
            #expect(hanging.used.withLock { $0 } == [])
            watching.cancel()
            await watching.value
            hanging.isBlocked.withLock { $0 = false }
            hanging.gate.signal()
        }
    }

    @Test("follows the link that Kubernetes replaces, again and again, and after reloads that were requested")
    func replacedLink() async throws {
        try await withTemporaryDirectory { directory in
            let link = directory.appending(path: "..data")
            let show = { (version: Int, text: String) in
                let folder = directory.appending(path: "..\(version)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
                try Data(text.utf8).write(to: folder.appending(path: "filter.yml"))
                let new = directory.appending(path: "..new")
                try FileManager.default.createSymbolicLink(atPath: new.path, withDestinationPath: "..\(version)")
                #expect(rename(new.path, link.path) == 0)
            }
            let file = directory.appending(path: "filter.yml")
            try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "..data/filter.yml")
            try show(0, "filters: []")
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            let watching = Task { await reloading.files.watch() }
            for version in 1...4 {
                try show(version, version == 3 ? "filters: 1" : "filters: []")
                try await eventually("the reload of version \(version)") {
                    reloading.status.reload.failures == (version < 3 ? 0 : 1)
                        && reloading.logged("Changed file").count == version
                }
                if version == 2 { #expect(await reloading.files.reload() == []) }
            }
            watching.cancel()
            await watching.value
        }
    }

    @Test("keeps one error a file, which ends when that file is mended, however it was found")
    func mended() async throws {
        try await withTemporaryDirectory { directory in
            let database = directory.appending(path: "locations.mmdb")
            let content = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try content.write(to: database)
            let reloading = try Reloading(ServeOptions(geoipDatabase: database.path))
            try Data("broken".utf8).write(to: database)
            #expect(await reloading.files.reload().count == 1)
            #expect(!reloading.isSuccessful)
            #expect(reloading.status.locationsAreCurrent == false)
            // Tried again without a change, it stays an error.
            for _ in 0..<12 { await reloading.look() }
            #expect(!reloading.isSuccessful)
            try content.write(to: database)
            for _ in 0..<2 { await reloading.look() }
            #expect(reloading.isSuccessful)
            #expect(reloading.status.locationsAreCurrent == true)
            // Without a request it is an error of the database alone.
            try Data("broken".utf8).write(to: database)
            for _ in 0..<2 { await reloading.look() }
            #expect(reloading.isSuccessful)
            #expect(reloading.status.locationsAreCurrent == false)
        }
    }

    @Test("is counted, on request and when a file changed, together with its failures")
    func counted() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Data("filters: []".utf8).write(to: file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            let counts = { [reloading.status.reload.attempts, reloading.status.reload.failures] }
            #expect(counts() == [0, 0])
            #expect(await reloading.files.reload() == [])
            #expect(counts() == [1, 0])
            try Data("filters: 1".utf8).write(to: file)
            for _ in 0..<2 { await reloading.look() }
            #expect(counts() == [2, 1])
            #expect(await reloading.files.reload().count == 1)
            #expect(counts() == [3, 2])
            try Data("filters: []".utf8).write(to: file)
            for _ in 0..<2 { await reloading.look() }
            #expect(counts() == [4, 2])
            await reloading.look()
            #expect(counts() == [4, 2], "a look that finds no change is no reload")
        }
    }

    @Test("uses a location database that was replaced, in place or not, and keeps the previous one if it is invalid")
    func locations() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "locations.mmdb")
            let content = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try content.write(to: path)
            let reloading = try Reloading(ServeOptions(geoipDatabase: path.path))
            let city = { (id: Int) -> String? in
                let event = Samples.event(id, of: "192.0.2.\(id)")
                #expect(await reloading.pipeline.commit(Samples.batch([event])) == .committed)
                return reloading.pipeline.published.current.sources.counters.last?.location.city
            }
            // In place, and shorter: this would be a bus error on a mapped file.
            let handle = try FileHandle(forWritingTo: path)
            try handle.truncate(atOffset: 10)
            try handle.close()
            for _ in 0..<4 { await reloading.look() }
            #expect(reloading.logged("Changed file cannot be loaded").count == 1)
            #expect(await city(1) == "Berlin")
            try Data(content.map { $0 }.replacing("Berlin".utf8, with: "Munich".utf8)).write(to: path)
            for _ in 0..<2 { await reloading.look() }
            #expect(await city(2) == "Munich")
        }
    }

    @Test("refuses a location database without cities and countries; the previous one stays active")
    func locationsOfAnotherKind() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "locations.mmdb")
            try Data(contentsOf: Fixture.url("locations/locations.mmdb")).write(to: file)
            let reloading = try Reloading(ServeOptions(geoipDatabase: file.path))
            try Data(contentsOf: Fixture.url("locations/networks.mmdb")).write(to: file)
            for _ in 0..<2 { await reloading.look() }
            #expect(reloading.status.locationsAreCurrent == false)
            let lines = reloading.logged("Changed file cannot be loaded; the previous version stays active")
            #expect(lines.count == 1)
            #expect(lines.first?.contains("Test-ASN") == true, "\(lines)")
            #expect(await reloading.pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
            let counters = reloading.pipeline.published.current.sources.counters
            #expect(counters.map(\.location.country) == ["Germany"])
        }
    }

    @Test("does not take a file that changes without end; a request reports it", .timeLimit(.minutes(1)))
    func endless() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Data("filters: []".utf8).write(to: file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            let writing = Task {
                for number in 0... {
                    if Task.isCancelled { break }
                    try Data("filters: []  # \(number)".utf8).write(to: file)
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            defer { writing.cancel() }
            #expect(
                await reloading.files.reload() == [
                    "--filter.file: the file is still being written; ask again when it is complete"
                ])
        }
    }
}
