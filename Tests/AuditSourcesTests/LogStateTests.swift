import AuditSources
import Foundation
import Testing
import TestSupport

@Suite("The state of a log")
struct LogStateTests {
    @Test("says that old requests are left out, also of a log that a glob matches later")
    func start() throws {
        try withTemporaryDirectory { directory in
            let pattern = try #require(LogPattern(directory.path + "/*.json"))
            var follower = LogFollower([pattern], from: .recent(seconds: 3600), selecting: LogDirectory.selectors)
            follower.look()
            let path = directory.appending(path: "new.json").path
            try Data(LogDirectory.line(1).utf8).write(to: URL(filePath: path))
            follower.look()
            while follower.next() != nil {}
            let starts = follower.states.flatMap(\.starts)
            #expect(starts.map(\.place) == [.start(.recent(seconds: 3600))])
        }
    }

    @Test(
        "says of a path that does not exist that its beginning is no name of a format",
        arguments: [
            ("EKS:x", "EKS is not a format, but eks is"),
            ("splunk_hec:x*", "splunk_hec is not a format, but splunk-hec is"),
            ("foo:x", "foo is not a format"), ("./foo:x", nil), ("x", nil),
        ])
    func remark(path: String, expected: String?) throws {
        let pattern = try #require(LogPattern(path))
        var follower = LogFollower([pattern], from: .beginning, selecting: LogDirectory.selectors)
        follower.look()
        let problem = try #require(follower.states.first?.problem)
        #expect(problem.contains("format") == (expected != nil), "\(problem)")
        if let expected { #expect(problem.hasSuffix("; " + expected), "\(problem)") }
    }
}
