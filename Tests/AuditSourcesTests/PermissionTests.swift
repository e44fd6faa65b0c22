import AuditEvents
import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log that may not be read at first")
struct PermissionTests {
    /// Root may read anything, so that a test that runs as root looks with another user's rights. They are those of
    /// the calling thread alone, and Swift's Glibc does not show the function.
    private static func asNobody(_ body: () throws -> Void) throws {
        guard geteuid() == 0 else { return try body() }
        typealias SetID = @convention(c) (UInt32) -> Int32
        let symbol = try #require(dlsym(nil, "setfsuid"))
        let setID = unsafeBitCast(symbol, to: SetID.self)
        _ = setID(65534)
        defer { _ = setID(0) }
        try body()
    }

    @Test("is said to be so, and read from its beginning when that is granted")
    func grantedLater() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory)
            try log.append(1...2)
            chmod(log.path("audit.log"), 0)
            try Self.asNobody {
                log.read()
                log.read()
            }
            #expect(log.problems == ["Permission denied"])
            #expect(log.ids == [])
            chmod(log.path("audit.log"), 0o644)
            try Self.asNobody { log.read() }
            #expect(log.problems == [nil])
            #expect(log.ids == [1, 2])
        }
    }
}
