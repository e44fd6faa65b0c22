import Foundation
import TestSupport
import Testing
import Yams

/// A rule that counts requests by their counters, as in the file.
struct DetectionRule: Sendable, CustomTestStringConvertible {
    var name: String
    /// The counter, and the time at which it was created.
    var requests: String
    var firstSeen: String
    /// Labels that tell the counters of an exporter apart.
    var identity: [String]

    /// Refused requests of a source, the analytic.
    static let forbidden = DetectionRule(
        name: "cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h",
        requests: "kube_audit_unauthenticated_forbidden_requests_total",
        firstSeen: "kube_audit_source_first_seen_timestamp_seconds", identity: ["src_ip", "origin"])
    static let unauthorized = DetectionRule(
        name: "cluster_src_ip_origin_credentials:kube_audit_unauthorized_requests:increase1h",
        requests: "kube_audit_unauthorized_requests_total",
        firstSeen: "kube_audit_unauthorized_source_first_seen_timestamp_seconds",
        identity: ["src_ip", "origin", "credentials"])
    static let allowed = DetectionRule(
        name: "cluster_src_ip_origin:kube_audit_anonymous_allowed_requests:increase1h",
        requests: "kube_audit_anonymous_allowed_requests_total",
        firstSeen: "kube_audit_anonymous_allowed_source_first_seen_timestamp_seconds",
        identity: ["src_ip", "origin"])
    static let forbiddenByNetwork = DetectionRule(
        name: "cluster_network:kube_audit_unauthenticated_forbidden_requests:increase1h",
        requests: "kube_audit_unauthenticated_forbidden_requests_by_network_total",
        firstSeen: "kube_audit_network_first_seen_timestamp_seconds", identity: ["network"])
    static let unauthorizedByNetwork = DetectionRule(
        name: "cluster_network:kube_audit_unauthorized_requests:increase1h",
        requests: "kube_audit_unauthorized_requests_by_network_total",
        firstSeen: "kube_audit_unauthorized_network_first_seen_timestamp_seconds", identity: ["network"])

    static let all = [forbidden, forbiddenByNetwork, unauthorized, unauthorizedByNetwork, allowed]

    var testDescription: String { name }

    /// The rule that finds counters of two exporters with the same time.
    var instances: String { "\(identity.joined(separator: "_"))_first_seen:\(firstSeen):instances" }

    /// A rule of another counter, as it would be for this one.
    func renamed(_ expression: String, of other: DetectionRule) -> String {
        expression.replacing(other.instances, with: instances)
            .replacing(other.requests, with: requests)
            .replacing(other.firstSeen, with: firstSeen)
            .replacing(other.identity.joined(separator: ", "), with: identity.joined(separator: ", "))
    }

    private struct Rules: Decodable {
        struct Group: Decodable { var rules: [Rule] }
        struct Rule: Decodable {
            var record: String?
            var expr: String
        }
        var groups: [Group]
    }

    /// All recorded expressions of the file, by name.
    static func recorded() throws -> [String: String] {
        let file = Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml")
        let rules = try YAMLDecoder().decode(Rules.self, from: String(contentsOf: file, encoding: .utf8))
        return rules.groups.flatMap(\.rules).reduce(into: [:]) { expressions, rule in
            if let name = rule.record { expressions[name] = rule.expr }
        }
    }

    func expression() throws -> String { try #require(try Self.recorded()[name]) }

    /// Variants of the rule with one part removed, by name. Some history needs each part.
    static func mutants() throws -> [(name: String, expression: String)] {
        let (requests, firstSeen) = (forbidden.requests, forbidden.firstSeen)
        let right = try forbidden.expression()
        let without = { (first: String, last: String) throws in
            let from = try #require(right.range(of: first), "the rule has another form:\n\(right)")
            let to = try #require(
                right.range(of: last, range: from.upperBound..<right.endIndex), "the rule has another form:\n\(right)")
            return String(right[..<from.lowerBound] + right[to.upperBound...])
        }
        let replaced = { (one: String, other: String) throws in
            try #require(right.contains(one), "the rule has no \(one):\n\(right)")
            return right.replacingOccurrences(of: one, with: other)
        }
        let identity = "last_over_time(\(firstSeen)[35m] offset 1h)"
        let highest = "topk by (src_ip, origin, first_seen, copy) (1,"
        return [
            ("without_first", try without("          max by", "        or\n")),
            ("without_second", try without("          0 * count_values", "        or\n")),
            ("without_third", try without("        or\n          min by", "\n          )\n")),
            ("of_any_counter", try replaced(identity, firstSeen)),
            ("bare_offset", try replaced("last_over_time(\(requests)[35m] offset 1h)", "\(requests) offset 1h")),
            ("shorter_hour", try replaced("- 3600", "- 3540")),
            ("shorter_offset", try replaced("[35m] offset 1h", "[35m] offset 59m")),
            ("every_series", try replaced(highest, "topk by (src_ip, origin, first_seen, copy) (99,")),
            ("one_exporter", try replaced(highest, "topk by (src_ip, origin) (1,")),
            ("by_series", bySeries),
            ("increase", "sum by (cluster, src_ip, origin) (increase(\(requests)[1h])) > 0"),
        ]
    }

    /// The rule of version 0.1.0, to which a series with other labels is another counter.
    private static let bySeries = """
        sum by (cluster, src_ip, origin) (
            (\(forbidden.requests) and \(forbidden.firstSeen) > time() - 3600)
          or
            (
              \(forbidden.requests)
            -
              (
                last_over_time(\(forbidden.requests)[35m] offset 1h)
                and
                last_over_time(\(forbidden.firstSeen)[35m] offset 1h) == \(forbidden.firstSeen)
              )
            )
          or
            (\(forbidden.requests) - min_over_time(\(forbidden.requests)[1h]))
        ) > 0
        """
}
