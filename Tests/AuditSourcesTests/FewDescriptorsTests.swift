import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

@Suite("With few descriptors")
struct FewDescriptorsTests {
    @Test("a log that a glob matches is followed before its rotated files, and these without delay after a restart")
    func liveFirst() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"], openLimit: 10)
            for id in 100..<400 { try log.append([id], to: "audit-2026-11-29T20-00-00.\(id).log") }
            try log.append([0])
            log.read(batches: 10)
            #expect(log.ids.contains(0))
            log.read()
            #expect(log.ids.sorted() == [0] + Array(100..<400))
            try log.rename(to: "audit-2026-11-29T20-00-00.400.log")
            try log.append([1])
            log.forget()
            log.restart()
            // No time passes, so nothing waits for the next look.
            log.read()
            #expect(log.ids == [1])
            #expect(try log.openFiles() <= 10)
        }
    }

    @Test("files that cannot be opened or are not complete archives take the place of no other")
    func unreadable() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory, following: ["*"], openLimit: 8)
            for id in 0..<20 {
                try log.append([id], to: "a\(id).log")
                chmod(log.path("a\(id).log"), 0)
                try log.append("", to: "b\(id).gz")
            }
            try log.append([100], to: "c.log")
            try asNobody { log.read() }
            #expect(log.ids == [100])
        }
    }

    @Test("what waits for one is shown as unread")
    func waiting() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"], openLimit: 8)
            for id in 0..<20 { try log.append([id], to: "a\(id).log") }
            let size = try FileManager.default.contentsOfDirectory(atPath: directory.path)
                .map { try FileVersion(path: log.path($0)).size }.reduce(0, +)
            log.read(batches: 0)
            #expect(log.states.first?.unreadBytes == size)
            log.read()
            #expect(log.states.first?.unreadBytes == 0)
        }
    }
}
