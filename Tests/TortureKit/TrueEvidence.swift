import AccessScanning
import Foundation

/// The values of the requests of each source, without bounds.
struct TrueEvidence: Sendable {
    /// The number of requests with each value, by source and column.
    private var requests: [CountedSource: [String: [String: Int]]] = [:]

    /// Adds the values of a request.
    mutating func add(_ request: PlannedRequest) {
        for source in request.sources {
            for (column, value) in request.values {
                requests[source, default: [:]][column, default: [:]][Self.cut(value), default: 0] += 1
            }
        }
    }

    /// The end that a long value has lost, as the documents describe it.
    private static func cut(_ value: String) -> String {
        guard value.utf8.count > 256 else { return value }
        var scalars = value.unicodeScalars[...]
        while String(scalars).utf8.count > 253 { scalars.removeLast() }
        return String(scalars) + "…"
    }

    /// Compares them with what the exporter shows.
    ///
    /// - Parameter shown: The answer of `/api/v1/sources`.
    /// - Returns: The number of values that the exporter shows, and the differences.
    func compare(with shown: Data) throws -> (values: Int, faults: [String]) {
        let answer = try JSONSerialization.jsonObject(with: shown) as? [String: Any]
        var rest = requests
        var values = 0
        var faults: [String] = []
        for object in answer?["data"] as? [[String: Any]] ?? [] {
            guard let address = object["src_ip"] as? String, let origin = object["origin"] as? String else { continue }
            let source = CountedSource(address: address, origin: origin)
            let truth = rest.removeValue(forKey: source) ?? [:]
            let leftOut = object["left_out"] as? [String: Int] ?? [:]
            let lists = Dictionary(
                uniqueKeysWithValues: Evidence.Column.allCases.map { column in
                    (column, (object[column.name] as? [Any] ?? []).map { "\($0)" })
                })
            for (column, list) in lists {
                values += list.count
                faults += Self.faults(
                    of: list, leftOut: leftOut[column.name] ?? 0, truth[column.name] ?? [:],
                    room: Self.room(for: column, in: lists)
                ).map { "\(source), \(column.name): \($0)" }
            }
        }
        faults += rest.keys.map { "\($0) has no evidence" }
        return (values, faults)
    }

    /// The bytes that are left for a column.
    private static func room(for column: Evidence.Column, in lists: [Evidence.Column: [String]]) -> Int {
        let taken = lists.map { other, list in
            let used = list.map { 1 + $0.utf8.count }.reduce(0, +)
            return other == column ? used : max(used, other.reserve)
        }
        return Evidence.byteLimit - taken.reduce(0, +)
    }

    /// A value may be missing only if it did not fit, and then its requests are counted as left out.
    private static func faults(
        of shown: [String], leftOut: Int, _ truth: [String: Int], room: Int
    ) -> [String] {
        let kept = Set(shown)
        let missing = truth.filter { !kept.contains($0.key) }
        var faults = kept.filter { truth[$0] == nil }.map { "nobody sent \"\($0)\"" }
        if kept.count != shown.count { faults.append("a value twice among \(shown)") }
        if shown.count < Evidence.valueLimit {
            faults += missing.keys.filter { $0.utf8.count < room }.map { "\"\($0)\" is missing" }
        }
        let expected = missing.values.reduce(0, +)
        if leftOut != expected { faults.append("\(leftOut) requests were left out, not \(expected)") }
        return faults
    }
}
