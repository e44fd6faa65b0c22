import Foundation
import HTTPServing
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// Gives a suite a stack with data in as many panels as possible: the recorded log, requests with other outcomes, a
/// filter, and the webhook with one batch.
struct DashboardStackTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let filter = directory.appending(path: "filter.yml")
            try Data("filters: [{name: probes, user_agents: [\"kube-probe/*\"]}]\n".utf8).write(to: filter)
            let configuration = StackConfiguration(exporterArguments: [
                "--filter.file", filter.path, "--webhook.listen-address", "127.0.0.1:0",
            ])
            try await LocalStack.run(configuration) { stack in
                try await stack.untilScraped()
                try await Self.post(try Fixture.bytes("audit-logs/webhook/batch-1.json"), to: stack.exporter)
                try stack.log.append(try (RecordedLog.lines() + RecordedLog.otherOutcomes()).joined())
                try await SharedStack.$current.withValue(stack, operation: function)
            }
        }
    }

    private static func post(_ body: [UInt8], to exporter: LocalServer) async throws {
        let address = try #require(
            exporter.program.logText.firstMatch(of: /Listening for the audit webhook" address=127\.0\.0\.1:(\d+)/))
        let port = try #require(UInt16(address.1))
        let head = "POST /audit HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n"
        let answer = try await RawConnection(to: ListenAddress(host: "127.0.0.1", port: port))
            .answer(to: Array(head.utf8) + body)
        try #require(answer.status == 200)
    }
}

extension Trait where Self == DashboardStackTrait {
    /// A stack for dashboards.
    static var stackForDashboards: DashboardStackTrait { DashboardStackTrait() }
}
