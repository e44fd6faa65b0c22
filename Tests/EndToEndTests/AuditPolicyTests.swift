import Foundation
import LocalStack
import TestSupport
import Testing
import Yams

/// The policies of docs/audit-policy.md, on requests that a real API server recorded.
@Suite("An audit policy")
struct AuditPolicyTests {
    private static let document = "docs/audit-policy.md"
    private static let anonymous = ("system:anonymous", ["system:unauthenticated"])

    private struct Event: Decodable {
        struct User: Decodable {
            var username: String?
            var groups: [String]?
        }
        struct Status: Decodable { var code: Int }

        var user: User
        var verb: String
        var requestURI: String
        var stage: AuditPolicy.Stage
        var responseStatus: Status?

        var request: AuditPolicy.Request {
            AuditPolicy.Request(
                user: user.username.map { ($0, user.groups ?? []) }, verb: verb,
                path: String(requestURI.prefix { $0 != "?" }))
        }

        /// Whether it shows the outcome of a request without valid credentials. Older API servers make their own
        /// requests, which have credentials, without the group of those that have.
        var isNeeded: Bool {
            stage != .RequestReceived && !(user.groups ?? []).contains("system:authenticated")
                && user.username != "system:apiserver"
        }
    }

    private static func events(_ name: String) throws -> [Event] {
        try String(decoding: Fixture.bytes("audit-logs/\(name)"), as: UTF8.self).split(separator: "\n")
            .map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
    }

    private static func policies(_ section: String? = nil) throws -> [AuditPolicy] {
        let examples = try Documentation.examples(in: document, language: "yaml", section: section)
        return try examples.map { try YAMLDecoder().decode(AuditPolicy.self, from: $0) }
    }

    @Test("of the documents logs every refused, rejected and allowed request without valid credentials")
    func needed() throws {
        let logs = ["metadata.log", "unauthorized.log", "newer-servers.log"]
        let needed = try logs.flatMap(Self.events).filter(\.isNeeded)
        #expect(Set(needed.compactMap(\.responseStatus?.code)).isSuperset(of: [200, 401, 403]))
        let policies = try Self.policies("A policy that logs what the exporter needs")
        #expect(policies.count == 2)
        for policy in policies {
            let missed = needed.filter { !policy.logs($0.request, at: $0.stage) }
            #expect(missed.isEmpty, "\(missed.prefix(3))")
        }
    }

    @Test("that logs nothing but what is needed leaves out all other requests and stages")
    func nothingElse() throws {
        let policy = try #require(try Self.policies("A policy that logs what the exporter needs").first)
        let others = try Self.events("metadata.log").filter { !$0.isNeeded }
        #expect(others.count > 100)
        let logged = others.filter { policy.logs($0.request, at: $0.stage) }
        #expect(logged.isEmpty, "\(logged.prefix(3))")
    }

    @Test("without probes of health endpoints leaves out only these")
    func probes() throws {
        let policy = try #require(try Self.policies("Volume").first)
        for event in try Self.events("metadata.log") + Self.events("unauthorized.log") where event.isNeeded {
            let isProbe = event.requestURI.contains(/^\/(healthz|livez|readyz)/)
            #expect(policy.logs(event.request, at: event.stage) == !isProbe, "\(event)")
        }
    }

    @Test("that names the anonymous group in its only logging rule never logs a rejected request (401)")
    func group() throws {
        let policy = try YAMLDecoder().decode(
            AuditPolicy.self,
            from: """
                apiVersion: audit.k8s.io/v1
                kind: Policy
                omitStages: [RequestReceived]
                rules:
                  - level: Metadata
                    userGroups: ["system:unauthenticated"]
                  - level: None
                """)
        #expect(policy.logs(.init(user: Self.anonymous, path: "/api/v1/secrets"), at: .ResponseComplete))
        for event in try Self.events("unauthorized.log") {
            #expect(!policy.logs(event.request, at: event.stage))
        }
    }

    @Test("that omits the stage ResponseStarted never logs a rejected request (401), but every refused one")
    func omittedStage() throws {
        var policy = try #require(try Self.policies("A policy that logs what the exporter needs").first)
        policy.omitStages = [.RequestReceived, .ResponseStarted]
        let events = try ["metadata.log", "unauthorized.log", "newer-servers.log"].flatMap(Self.events)
        let codes = events.filter { policy.logs($0.request, at: $0.stage) && $0.user.groups == nil }
            .compactMap(\.responseStatus?.code)
        #expect(codes.isEmpty)
        let refused = events.filter { $0.stage == .ResponseComplete && $0.responseStatus?.code == 403 && $0.isNeeded }
        #expect(refused.count > 100)
        #expect(refused.allSatisfy { policy.logs($0.request, at: $0.stage) })
    }

    @Test("of the documents has only keys and values that the API server knows")
    func keys() throws {
        let known: Set = [
            "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages",
            "omitManagedFields",
        ]
        #expect(try Self.policies().count == 3)
        for example in try Documentation.examples(in: Self.document, language: "yaml") {
            let policy = try #require(try Yams.load(yaml: example) as? [String: Any])
            #expect(Set(policy.keys).isSubset(of: ["apiVersion", "kind", "omitStages", "rules"]))
            for rule in try #require(policy["rules"] as? [[String: Any]]) {
                #expect(Set(rule.keys).isSubset(of: known), "\(rule)")
            }
        }
    }

    @Test("is not accompanied by the advice to switch anonymous access on")
    func anonymousAccess() throws {
        for document in try Documentation.documents() {
            let text = try String(contentsOf: document, encoding: .utf8)
            #expect(!text.contains("--anonymous-auth=true"), "\(document.lastPathComponent)")
        }
    }
}
