import AuditEvents
import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log without read permission at first")
struct PermissionTests {
    @Test("is reported, and read from its beginning once the permission is granted")
    func grantedLater() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory)
            try log.append(1...2)
            chmod(log.path("audit.log"), 0)
            try asNobody {
                log.read()
                log.read()
            }
            #expect(log.problems == ["Permission denied"])
            #expect(log.ids == [])
            chmod(log.path("audit.log"), 0o644)
            try asNobody { log.read() }
            #expect(log.problems == [nil])
            #expect(log.ids == [1, 2])
        }
    }
}
