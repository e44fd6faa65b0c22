import Foundation
import TestSupport

/// The log of a real API server in the fixtures: it starts, then clients send requests without credentials.
public enum RecordedLog {
    /// Number of lines that were written while the API server started; the scans follow.
    public static let startUp = 960

    /// Number of refused requests without credentials.
    public static let requests = 132

    /// The analytic's alerts: for sources with more than 5 of those. 127.0.0.3 made exactly 5 and is not included.
    public static let alerts: Set<ExpectedAlert> = Set(
        [4, 5, 6, 7, 9, 10, 11, 13, 14].map { .verified("127.0.0.\($0)") }
            + ["198.51.100.7", "203.0.113.9"].map { .claimed($0) })

    /// The alerts of other outcomes: 127.0.0.31 sent a wrong token nine times, to one path.
    public static let otherAlerts: Set<ExpectedAlert> = [.failingAuthentication("127.0.0.31")]

    /// Its lines, each with its newline.
    public static func lines() throws -> [String] {
        String(decoding: try Fixture.bytes("audit-logs/metadata.log"), as: UTF8.self)
            .split(separator: "\n").map { $0 + "\n" }
    }

    /// The alerts for the lines of `otherOutcomes`.
    public static let alertsOfOtherOutcomes: Set<ExpectedAlert> = Set(
        [.unauthorizedScanning("127.0.0.75")] + [73, 76, 77].map { .allowed("127.0.0.\($0)") })

    /// Lines of clients without refused requests, from another log of the same API server: 127.0.0.75 sent a wrong token
    /// to six paths, and the others were allowed one request each.
    public static func otherOutcomes() throws -> [String] {
        String(decoding: try Fixture.bytes("audit-logs/outcomes.log"), as: UTF8.self)
            .split(separator: "\n").map { $0 + "\n" }
            .filter { line in [73, 75, 76, 77].contains { line.contains("\"sourceIPs\":[\"127.0.0.\($0)\"]") } }
    }
}
