import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

@Suite("A log that was removed and is still written to")
struct RemovedLogTests {
    @Test("is read on until another file has its path, and is shown as absent")
    func readOn() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            let writer = open(log.path("audit.log"), O_WRONLY | O_APPEND)
            defer { close(writer) }
            log.read()
            try log.remove()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.problems == ["No such file or directory"])
            // The writer has it open, too.
            #expect(try log.openFiles() == 2)
            for id in 2...3 {
                var line = LogDirectory.line(id)
                line.withUTF8 { _ = write(writer, $0.baseAddress, $0.count) }
                for _ in 0..<3 { log.read(after: 10) }
            }
            #expect(log.ids == [1, 2, 3])
            try log.append([4])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 3, 4])
            #expect(log.problems == [nil])
            #expect(log.losses == [])
            // The writer has it open, too.
            #expect(try log.openFiles() == 2)
        }
    }

    @Test("is closed when it is a rotated one, or when a glob matched it")
    func closed() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit.log", "pods/*.log"])
            try #require(mkdir(log.path("pods"), 0o755) == 0)
            try log.append([1])
            try log.append([2], to: "pods/a.log")
            log.read()
            try log.rename(to: "audit.log.1")
            try log.append([3])
            log.read()
            try log.remove("audit.log.1")
            try log.remove("pods/a.log")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(try log.openFiles() == 1)
            #expect(log.ids.sorted() == [1, 2, 3])
        }
    }
}
