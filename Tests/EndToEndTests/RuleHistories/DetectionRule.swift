import Foundation
import TestSupport
import Testing
import Yams

/// The rule that counts a source's requests, as in the file.
enum DetectionRule {
    static let name = "cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h"
    static let requests = "kube_audit_unauthenticated_forbidden_requests_total"
    static let firstSeen = "kube_audit_source_first_seen_timestamp_seconds"

    private struct Rules: Decodable {
        struct Group: Decodable { var rules: [Rule] }
        struct Rule: Decodable {
            var record: String?
            var expr: String
        }
        var groups: [Group]
    }

    static func expression(of name: String = Self.name) throws -> String {
        let file = Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml")
        let rules = try YAMLDecoder().decode(Rules.self, from: String(contentsOf: file, encoding: .utf8))
        return try #require(rules.groups.flatMap(\.rules).first { $0.record == name }).expr
    }

    /// Variants of the rule with one part removed, by name. Some history needs each part.
    static func mutants() throws -> [(name: String, expression: String)] {
        let right = try expression()
        let or = "\n    or ignoring (first_seen)\n"
        let head = try #require(right.range(of: "  (\n"), "the rule has another form:\n\(right)").upperBound
        let tail = try #require(right.range(of: "\n  )\n  and ignoring"), "the rule has another form:\n\(right)")
        let terms = right[head..<tail.lowerBound].components(separatedBy: or)
        try #require(terms.count == 4, "the rule has another form:\n\(right)")
        let without = { (index: Int) -> String in
            let others = terms.indices.filter { $0 != index }.map { terms[$0] }
            return right[..<head] + others.joined(separator: or) + right[tail.lowerBound...]
        }
        let replaced = { (one: String, other: String) throws in
            try #require(right.contains(one), "the rule has no \(one):\n\(right)")
            return right.replacingOccurrences(of: one, with: other)
        }
        let identity = "last_over_time(\(firstSeen)[35m] offset 1h)"
        let highest = "topk by (src_ip, origin, first_seen) (1,"
        return [
            ("without_first", without(0)),
            ("without_second", without(1)),
            ("without_third", without(2)),
            ("of_any_counter", try replaced(identity, firstSeen)),
            ("bare_offset", try replaced("last_over_time(\(requests)[35m] offset 1h)", "\(requests) offset 1h")),
            ("shorter_hour", try replaced("- 3600", "- 3540")),
            ("shorter_offset", try replaced("[35m] offset 1h", "[35m] offset 59m")),
            ("every_series", try replaced(highest, "topk by (src_ip, origin, first_seen) (99,")),
            ("one_exporter", try replaced(highest, "topk by (src_ip, origin) (1,")),
            ("by_series", bySeries),
            ("increase", "sum by (cluster, src_ip, origin) (increase(\(requests)[1h])) > 0"),
        ]
    }

    /// The rule of version 0.1.0, to which a series with other labels is another counter.
    private static let bySeries = """
        sum by (cluster, src_ip, origin) (
            (\(requests) and \(firstSeen) > time() - 3600)
          or
            (
              \(requests)
            -
              (
                last_over_time(\(requests)[35m] offset 1h)
                and
                last_over_time(\(firstSeen)[35m] offset 1h) == \(firstSeen)
              )
            )
          or
            (\(requests) - min_over_time(\(requests)[1h]))
        ) > 0
        """
}
