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
        let parts = right.components(separatedBy: "\n  or\n")
        let head = try #require(parts[0].range(of: "(\n"), "the rule has another form:\n\(right)").upperBound
        let tail = try #require(parts.last?.range(of: "\n)\n"), "the rule has another form:\n\(right)").lowerBound
        try #require(parts.count == 3, "the rule has another form:\n\(right)")
        let (first, second, third) = (String(parts[0][head...]), parts[1], String(parts[2][..<tail]))
        let with = { (terms: [String]) -> String in
            parts[0][..<head] + terms.joined(separator: "\n  or\n") + parts[2][tail...]
        }
        let replaced = { (one: String, other: String) throws in
            try #require(right.contains(one), "the rule has no \(one):\n\(right)")
            return right.replacingOccurrences(of: one, with: other)
        }
        let identity = "\n      and\n        last_over_time(\(firstSeen)[35m] offset 1h)\n        == \(firstSeen)"
        return [
            ("without_first", with([second, third])),
            ("without_second", with([first, third])),
            ("without_third", with([first, second])),
            ("of_any_counter", try replaced(identity, "")),
            ("bare_offset", try replaced("last_over_time(\(requests)[35m] offset 1h)", "\(requests) offset 1h")),
            ("longer_hour", try replaced("- 3600", "- 3660")),
            ("shorter_offset", try replaced("[35m] offset 1h", "[35m] offset 59m")),
            ("increase", "sum by (cluster, src_ip, origin) (increase(\(requests)[1h])) > 0"),
        ]
    }
}
