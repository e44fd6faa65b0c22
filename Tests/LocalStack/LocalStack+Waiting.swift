import TestSupport

extension LocalStack {
    /// The programs of the stack, in the order in which a request becomes an alert.
    public var programs: [RunningProgram] { [exporter.program, prometheus.program, alertmanager.program] }

    /// Waits until `value` returns something that satisfies `condition`, and returns it.
    ///
    /// - Throws: `ProgramFailure` after the deadline, with the last value and the last lines of all logs.
    @discardableResult
    public func eventually<Value: Sendable>(
        _ what: String, within deadline: Duration = .seconds(30), _ value: () async throws -> Value,
        is condition: (Value) -> Bool
    ) async throws -> Value {
        do {
            return try await TestSupport.eventually(
                what, within: deadline, every: .milliseconds(100), value, is: condition)
        } catch let error as NeverHappened {
            throw failure("\(error)")
        }
    }

    /// Waits until Prometheus has scraped the exporter and knows its current sources, so that a later source is new.
    public func untilScraped() async throws {
        try await eventually("Prometheus to scrape the exporter") {
            try await api.targets()
        } is: {
            $0.contains { $0.health == "up" && $0.labels["job"] == StackConfiguration.exporterJob }
        }
    }

    /// A failure with the last lines of all logs.
    public func failure(_ what: String) -> ProgramFailure {
        ProgramFailure(what, logsOf: programs)
    }
}
