import AuditEvents
import Testing
import TestSupport

@Suite("The open paths")
struct OpenPathsTests {
    @Test(
        "are those that Kubernetes opens to everyone, with any query and any spelling that the API server resolves",
        arguments: [
            "/healthz", "/livez", "/readyz", "/healthz/etcd", "/livez/ping",
            "/readyz/poststarthook/rbac/bootstrap-roles",
            "/readyz/", "/version", "/version/", "/openid/v1/jwks", "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server", "/healthz?verbose", "/readyz?exclude=etcd&x=/../api",
            "/%68ealthz", "/healthz%2Fping", "/version?", "/api/v1/namespaces/kube-public/configmaps/cluster-info",
            "/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s",
        ])
    func open(uri: String) {
        #expect(OpenPaths.contain(requestURI: uri, verb: "get"))
    }

    /// Forms by which a client could make a request for something else look expected, or that only a proxy resolves.
    @Test(
        "contain no other path, whatever it looks like",
        arguments: [
            "", "/", "/api", "/healthzz", "/healthz-x", "/HEALTHZ", "/Version", "/version/x", "/version//", "healthz",
            "//healthz", "/healthz//ping", "/healthz/../api/v1/secrets", "/healthz/..", "/healthz/./x", "/./healthz",
            "/healthz/%2e%2e/api/v1/secrets", "/healthz/..%2Fapi/v1/secrets", "/healthz/%2E", "/healthz%2F%2Fping",
            "/healthz%", "/healthz/%4", "/healthz/%zz", "/healthz/%ff", "/%2568ealthz", "/healthz;x", "/healthz#/x",
            "/api/v1/secrets?x=/healthz", "/api/v1/secrets#/healthz", "/api/v1/secrets%3F/healthz", "/ healthz",
            "/openid/v1/jwks/", "/openid/v1", "/.well-known/", "/.well-known/openid-configuration/x", "\\healthz",
            "/api/v1/namespaces/kube-public/configmaps/cluster-info/", "/api/v1/namespaces/kube-public/configmaps",
            "/api/v1/namespaces/kube-public/configmaps/cluster-info2", "https://x/healthz", "/healthz\u{0}/../api",
            "/api/v1/namespaces/kube-system/configmaps/cluster-info", "/ｈealthz", "/healthz\u{301}",
            "/api/v1/namespaces/kube-public/configmaps/../../kube-system/secrets/cluster-info",
        ])
    func notOpen(uri: String) {
        #expect(!OpenPaths.contain(requestURI: uri, verb: "get"))
    }

    @Test(
        "contain cluster-info for get only",
        arguments: ["list", "watch", "update", "patch", "delete", "post", "GET", ""])
    func clusterInfo(verb: String) {
        let uri = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
        #expect(!OpenPaths.contain(requestURI: uri, verb: verb))
        #expect(OpenPaths.contain(requestURI: "/healthz", verb: verb))
    }

    @Test("contain no path of 257 bytes, which no check has")
    func longPath() {
        #expect(OpenPaths.contain(requestURI: "/healthz/" + String(repeating: "x", count: 247), verb: "get"))
        #expect(!OpenPaths.contain(requestURI: "/healthz/" + String(repeating: "x", count: 248), verb: "get"))
    }

    @Test("are left out of the allowed requests of the real log, and of no others")
    func realLog() throws {
        var scanner = EventScanner(selecting: FastScanAgreesWithFullParseTests.selectors)
        let bytes = try Fixture.bytes("audit-logs/outcomes.log")
        let events = scanner.scan(lines: bytes.span.bytes).events
        let allowed = events.filter { $0.selector == 2 }.map { ($0.event.sourceIPs.last ?? "", $0.event.requestURI) }
        #expect(
            Dictionary(grouping: allowed, by: \.0).mapValues(\.count)
                == ["127.0.0.72": 2, "127.0.0.73": 1, "127.0.0.76": 2, "127.0.0.77": 1])
        #expect(allowed.allSatisfy { $0.1.contains("/configmaps") })
        // Refused ones count as any other.
        #expect(events.contains { $0.selector == 0 && $0.event.requestURI.hasPrefix("/livez/") })
    }
}
