import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

@Suite("A directory of logs without permission")
struct DirectoryPermissionTests {
    @Test(
        "is listed again when its rights are mended, and nothing in it is called lost",
        arguments: [0o700, 0o711, 0o744] as [mode_t], [false, true])
    func mended(mode: mode_t, restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            try #require(mkdir(directory.appending(path: "logs").path, 0o755) == 0)
            let log = try LogDirectory(directory, following: ["logs/audit.log"])
            try log.append([1], to: "logs/audit.log")
            try asNobody { log.read() }
            chmod(log.path("logs"), mode)
            if restarts { log.restart() }
            try asNobody { log.read(after: 2) }
            try log.append([2], to: "logs/audit.log")
            try log.rename("logs/audit.log", to: "logs/audit.log.2")
            try log.append([3], to: "logs/audit.log")
            try log.rename("logs/audit.log", to: "logs/audit.log.1")
            try log.append([4], to: "logs/audit.log")
            // Its content then changed so long ago that only its rights are new.
            usleep(100_000)
            try asNobody { for _ in 0..<4 { log.read(after: 10) } }
            #expect(log.losses == [])
            let problem = try #require(log.problems.first ?? nil)
            #expect(problem.contains("Permission denied"))
            #expect(log.states.first?.readErrors == 0)
            chmod(log.path("logs"), 0o755)
            try asNobody { for _ in 0..<3 { log.read(after: 2) } }
            #expect(log.ids.sorted() == [1, 2, 3, 4])
            #expect(log.losses == [])
            #expect(log.problems == [nil])
        }
    }

    @Test("under a glob is a file that is not followed, although another directory matches", arguments: ["audit", "*"])
    func glob(name: String) throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory, following: ["*/\(name).log"])
            for name in ["open", "secret"] {
                try #require(mkdir(log.path(name), 0o755) == 0)
                try log.append([name.utf8.count], to: "\(name)/audit.log")
            }
            chmod(log.path("secret"), 0o700)
            // A file and an empty directory hide nothing.
            try log.append("", to: "file")
            try #require(mkdir(log.path("empty"), 0o755) == 0)
            try asNobody { log.read() }
            #expect(log.ids == [4])
            #expect(log.states.first?.notFollowed == [log.path("secret"): "Permission denied"])
            #expect(log.problems == ["\(log.path("secret")): Permission denied"])
            chmod(log.path("secret"), 0o755)
            try asNobody { log.read() }
            #expect(log.ids == [4, 6])
            #expect(log.states.first?.notFollowed == [:])
            #expect(log.problems == [nil])
        }
    }
}
