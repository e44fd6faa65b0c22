import Exposition
import Foundation
import Testing

@testable import Exporter

@Suite("The process", .serialized)
struct ProcessMetricsTests {
    /// The resident memory that belongs to files, in KiB.
    private static func residentOfFiles() throws -> Int {
        let status = try #require(KernelFile.text(of: "/proc/self/status"))
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first)
    }

    private static func openFileCount() throws -> Int {
        let family = ProcessMetrics.families().first { $0.metric.name == "process_open_fds" }
        guard case .integer(let count) = try #require(family?.samples.first).value else { return -1 }
        return Int(count)
    }

    @Test("takes less memory without the pages of code that it has used, and runs on")
    func code() throws {
        let before = try Self.residentOfFiles()
        ProcessMemory.returnCode()
        let after = try Self.residentOfFiles()
        #expect(after < before * 3 / 4)
    }

    @Test("shows how many files it has open")
    func openFiles() throws {
        let before = try Self.openFileCount()
        let files = (0..<100).compactMap { _ in FileHandle(forReadingAtPath: "/dev/null") }
        // Other tests may have left something that is closed meanwhile.
        let after = try Self.openFileCount()
        #expect((90...110).contains(after - before))
        for file in files { try file.close() }
        let listed = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        let end = try Self.openFileCount()
        #expect(abs(end - (listed - 1)) <= 10)
    }

    @Test("shows nothing of a file of the kernel that is missing")
    func missing() {
        #expect(KernelFile.text(of: "/proc/self/no-such-file") == nil)
    }
}
