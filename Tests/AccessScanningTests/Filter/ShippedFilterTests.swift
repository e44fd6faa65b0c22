import AccessScanning
import AuditEvents
import Foundation
import Testing
import TestSupport

/// alerts/filters/known-requests.yaml
@Suite("The shipped filter file")
struct ShippedFilterTests {
    /// A request that an entry is for.
    private struct Request {
        var entry: String
        var source: String
        var userAgent: String?
        var path: String
        var verb = "get"

        init(_ entry: String, from source: String, _ userAgent: String?, _ path: String, verb: String = "get") {
            self.entry = entry
            self.source = source
            self.userAgent = userAgent
            self.path = path
            self.verb = verb
        }

        func event(code: Int = 401) -> AuditEvent {
            AuditEvent(requestURI: path, verb: verb, userAgent: userAgent, responseCode: code)
        }
    }

    private static let requests = [
        Request("AWS load balancer health checks", from: "192.0.2.4", "ELB-HealthChecker/2.0", "/readyz"),
        Request("Google Cloud load balancer health checks", from: "35.191.8.1", "GoogleHC/1.0", "/healthz"),
        Request("Azure load balancer health probes", from: "168.63.129.16", "Load Balancer Agent", "/livez"),
        Request("HAProxy health checks", from: "192.0.2.16", nil, "/healthz"),
        Request("HAProxy health checks without a path", from: "192.0.2.17", nil, "/", verb: "options"),
        Request("keepalived health checks", from: "192.0.2.18", "KeepAliveClient", "/healthz"),
        Request("keepalived check script", from: "127.0.0.1", "curl/7.88.1", "/healthz"),
        Request("kubelet probes", from: "192.0.2.33", "kube-probe/1.33", "/livez?exclude=etcd"),
        Request(
            "kubeadm join", from: "192.0.2.70", "kubeadm/v1.33.1 (linux/amd64) kubernetes/8adc0f0",
            "/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s"),
        Request("OIDC discovery", from: "192.0.2.100", "Go-http-client/2.0", "/openid/v1/jwks"),
    ]

    private static func filter() throws -> RequestFilter {
        let file = Fixture.repository.appending(path: "alerts/filters/known-requests.yaml")
        return try RequestFilter(content: [UInt8](Data(contentsOf: file)), file: file.path)
    }

    private static func source(_ text: String, _ origin: Origin = .verified) throws -> Source {
        Source(.address(try #require(IPAddress(text))), origin)
    }

    @Test("has a tested request for each entry")
    func complete() throws {
        #expect(try Self.filter().entries.map(\.name) == Self.requests.map(\.entry))
    }

    @Test("excludes the requests that it is for, refused and rejected", arguments: requests.indices)
    func excluded(index: Int) throws {
        let request = Self.requests[index]
        let source = try Self.source(request.source)
        for code in [401, 403] {
            #expect(try Self.filter().entry(matching: request.event(code: code), from: source)?.name == request.entry)
        }
    }

    @Test("does not exclude a request that differs in one thing", arguments: requests.indices)
    func nearMisses(index: Int) throws {
        let filter = try Self.filter()
        let request = Self.requests[index]
        let source = try Self.source(request.source)
        let entry = try #require(filter.entries.first { $0.name == request.entry })

        #expect(filter.entry(matching: request.event(), from: try Self.source("203.0.113.9")) == nil, "another network")
        #expect(filter.entry(matching: request.event(), from: try Self.source(request.source, .claimed)) == nil)
        #expect(filter.entry(matching: request.event(code: 200), from: source) == nil, "an allowed request")
        for verb in ["list", "delete", "create", "head"] {
            var other = request
            other.verb = verb
            #expect(filter.entry(matching: other.event(), from: source) == nil, "\(verb)")
        }
        let path = String(request.path.prefix { $0 != "?" })
        for other in ["/api", "/api/v1/secrets", "/apis/apps/v1", path + "x", path + "/etcd", path.uppercased() + "?"] {
            var miss = request
            miss.path = other
            #expect(filter.entry(matching: miss.event(), from: source) == nil, "\(other)")
        }
        if entry.userAgents != nil {
            var other = request
            other.userAgent = "masscan/1.3"
            #expect(filter.entry(matching: other.event(), from: source) == nil, "another user agent")
        }
    }

    @Test("hides no scan, from any of its networks and with any of its user agents")
    func safe() throws {
        let filter = try Self.filter()
        let paths = [
            "/", "/api", "/api/", "/api/v1", "/api/v1/secrets", "/api/v1/namespaces", "/apis",
            "/apis/apps/v1/deployments",
            "/api/v1/namespaces/kube-public/configmaps", "/api/v1/namespaces/kube-public/configmaps/cluster-info/x",
            "/api/v1/namespaces/kube-system/secrets?timeout=10s", "/openapi/v2", "/metrics", "/logs", "/debug/pprof/",
            "/version", "/healthz/etcd", "/readyz/../api/v1/secrets", "/readyz/%2e%2e/api",
        ]
        let sources = try Self.requests.map { try Self.source($0.source) }
        for source in sources {
            for userAgent in Self.requests.map(\.userAgent) {
                for path in paths {
                    for verb in ["get", "list", "watch", "create", "head"] {
                        let event = AuditEvent(requestURI: path, verb: verb, userAgent: userAgent, responseCode: 401)
                        let entry = filter.entry(matching: event, from: source)
                        #expect(entry == nil, "\(verb) \(path) from \(source.address): \(entry?.name ?? "")")
                    }
                }
            }
        }
    }

    @Test("is safe unchanged: each entry has network, path, verb and outcome, and no network of somebody's own")
    func networks() throws {
        // Documentation, loopback, and networks that belong to a cloud.
        let harmless = [
            "192.0.2.0/24", "127.0.0.1/32", "::1/128", "35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22",
            "209.85.204.0/22", "168.63.129.16/32",
        ].compactMap(Network.init)
        for entry in try Self.filter().entries {
            for network in try #require(entry.networks, "\(entry.name)").map(\.description) {
                let parts = network.split(separator: "/")
                let address = try #require(IPAddress(String(parts[0])))
                let isHarmless = harmless.contains { own in
                    let length = own.description.split(separator: "/")[1]
                    return own.contains(address) && Int(length) ?? 129 <= Int(parts[1]) ?? 0
                }
                #expect(isHarmless, "\(entry.name): \(network)")
            }
            #expect(entry.requestURIs != nil && entry.verbs != nil, "\(entry.name)")
            #expect(entry.outcomes.map { !$0.contains(.allowed) } == true, "\(entry.name)")
        }
    }

    @Test("has the format of the examples in docs/filter.md, all of which can be loaded")
    func examples() throws {
        let document = "docs/filter.md"
        let examples = try Documentation.examples(in: document, language: "yaml").filter {
            $0.contains("filters:\n")
        }
        #expect(!examples.isEmpty)
        for example in examples {
            #expect(throws: Never.self, "\(example)") {
                try RequestFilter(content: Array(example.utf8), file: document)
            }
        }
    }
}
