import LocalStack
import Testing

/// Gives a suite one stack that all its tests share; it starts before the first and stops after the last.
struct StackTrait: SuiteTrait, TestScoping {
    let prepare: @Sendable (LocalStack) async throws -> Void

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await LocalStack.run { stack in
            try await stack.untilScraped()
            try await prepare(stack)
            try await SharedStack.$current.withValue(stack, operation: function)
        }
    }
}

extension Trait where Self == StackTrait {
    /// A stack with an empty log; Prometheus already scrapes the exporter.
    static var stack: StackTrait { StackTrait { _ in } }

    /// A stack whose Prometheus has seen all of the recorded log, which was written at once.
    static var stackWithRecordedLog: StackTrait {
        StackTrait { stack in
            try stack.log.append(try RecordedLog.lines().joined())
            let requests = #"sum(kube_audit_unauthenticated_forbidden_requests_total{origin="verified"})"#
            try await stack.eventually("Prometheus to see all requests of the log") {
                try await stack.api.value(requests)
            } is: {
                $0 == Double(RecordedLog.requests)
            }
        }
    }
}
