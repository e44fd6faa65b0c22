import AccessScanning
import Foundation
import TestSupport

/// The values of the requests of each source.
struct TrueEvidence: Sendable {
    private struct Values: Sendable {
        /// The number of requests with each value, by column.
        var requests: [Evidence.Column: [String: Int]] = [:]
        /// What must be kept if the exporter reads the requests in this order.
        var kept = PlainEvidence()
        /// Whether the exporter reads them in this order.
        var isOrdered = true
    }

    private var sources: [CountedSource: Values] = [:]

    /// Adds the values of a request.
    mutating func add(_ request: PlannedRequest) {
        for source in request.sources {
            var values = sources.removeValue(forKey: source) ?? Values()
            for column in Evidence.Column.allCases {
                guard let value = request.values[column.name] else { continue }
                values.requests[column, default: [:]][PlainEvidence.cut(value), default: 0] += 1
                if values.isOrdered { values.kept.note(value, request.outcome, in: column) }
            }
            values.isOrdered = values.isOrdered && request.isOrdered
            sources[source] = values
        }
    }

    /// Compares them with what the exporter shows.
    ///
    /// - Parameter shown: The answer of `/api/v1/sources`.
    /// - Returns: The number of values that the exporter shows, how many of their columns were compared exactly, and the
    ///   differences.
    func compare(with shown: Data) throws -> (values: Int, exact: Int, faults: [String]) {
        let answer = try JSONSerialization.jsonObject(with: shown) as? [String: Any]
        var rest = sources
        var (values, exact) = (0, 0)
        var faults: [String] = []
        for object in answer?["data"] as? [[String: Any]] ?? [] {
            guard let address = object["src_ip"] as? String, let origin = object["origin"] as? String else { continue }
            let source = CountedSource(address: address, origin: origin)
            let truth = rest.removeValue(forKey: source) ?? Values()
            let leftOut = object["left_out"] as? [String: Int] ?? [:]
            for column in Evidence.Column.allCases {
                let list = (object[column.name] as? [Any] ?? []).map { "\($0)" }
                values += list.count
                exact += truth.isOrdered ? 1 : 0
                let found =
                    truth.isOrdered
                    ? Self.exactFaults(of: list, leftOut: leftOut[column.name] ?? 0, truth.kept, column)
                    : Self.faults(of: list, leftOut: leftOut[column.name] ?? 0, truth.requests, column)
                faults += found.map { "\(source), \(column.name): \($0)" }
            }
        }
        faults += rest.keys.map { "\($0) has no evidence" }
        return (values, exact, faults)
    }

    /// The requests were read in a known order, so exactly these values are kept.
    private static func exactFaults(
        of shown: [String], leftOut: Int, _ truth: PlainEvidence, _ column: Evidence.Column
    ) -> [String] {
        var faults: [String] = []
        let expected = truth.values(column).map { String(decoding: $0.bytes, as: UTF8.self) }
        if shown != expected { faults.append("\(shown), not \(expected)") }
        if leftOut != truth.leftOut(column) {
            faults.append("\(leftOut) values gave way, not \(truth.leftOut(column))")
        }
        return faults
    }

    /// The order is not known. A value may be missing only if not all fit, and each missing one gave way at least once.
    private static func faults(
        of shown: [String], leftOut: Int, _ truth: [Evidence.Column: [String: Int]], _ column: Evidence.Column
    ) -> [String] {
        let sent = truth[column] ?? [:]
        let kept = Set(shown)
        let missing = sent.filter { !kept.contains($0.key) }
        var faults = kept.filter { sent[$0] == nil }.map { "nobody sent \"\($0)\"" }
        if kept.count != shown.count { faults.append("a value twice among \(shown)") }
        if sent.count <= Evidence.valueLimit, size(of: sent) <= room(for: column, truth) {
            faults += missing.keys.map { "\"\($0)\" is missing, and there was room" }
            if leftOut != 0 { faults.append("\(leftOut) values gave way, though all had room") }
        }
        // A value is lost when it is inserted, or after it was; each request inserts at most one.
        let possible = sent.values.reduce(0, +) - kept.count
        if leftOut < missing.count || leftOut > possible {
            faults.append("\(leftOut) values gave way, not \(missing.count) to \(possible)")
        }
        return faults
    }

    /// The bytes that a column has in each half, whatever the others hold.
    private static func room(for column: Evidence.Column, _ truth: [Evidence.Column: [String: Int]]) -> Int {
        let taken = Evidence.Column.allCases.filter { $0 != column }.map { max(size(of: truth[$0] ?? [:]), $0.reserve) }
        return Evidence.byteLimit / 2 - taken.reduce(0, +)
    }

    private static func size(of values: [String: Int]) -> Int { values.keys.map { 2 + $0.utf8.count }.reduce(0, +) }
}
