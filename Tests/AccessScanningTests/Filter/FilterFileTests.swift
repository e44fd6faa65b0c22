import AccessScanning
import AuditEvents
import ConfigurationFiles
import Foundation
import Testing
import TestSupport

@Suite("The filter file")
struct FilterFileTests {
    private static func read(_ text: String) throws -> RequestFilter {
        try RequestFilter(content: Array(text.utf8), file: "FILE")
    }

    @Test("lists the requests that are not reported")
    func entries() throws {
        let filter = try Self.read(
            """
            # What we know of.
            filters:
              - name: load balancer health checks
                networks: [10.0.0.0/8, 192.0.2.7, "2001:db8::/32"]
                user_agents: ["kube-probe/*"]
                request_uris:
                  - /readyz
                  - "/livez*"
              - {name: 5, user_agents: [""]}
              - name: join
                request_uris: [/a]
                verbs: [get, options]
                outcomes: [unauthorized, allowed]
            """)
        #expect(
            filter.entries == [
                FilterEntry(
                    name: "load balancer health checks",
                    networks: ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"].compactMap(Network.init),
                    userAgents: [Glob("kube-probe/*")].compactMap(\.self),
                    requestURIs: [Glob("/readyz"), Glob("/livez*")].compactMap(\.self)),
                FilterEntry(name: "5", userAgents: [Glob("")].compactMap(\.self)),
                FilterEntry(
                    name: "join", requestURIs: [Glob("/a")].compactMap(\.self), verbs: ["get", "options"],
                    outcomes: [.unauthorized, .allowed]),
            ])
    }

    @Test("may be empty", arguments: ["", "\n", "# nothing yet\n", "---\n", "{}\n", "filters: []"])
    func empty(text: String) throws {
        #expect(try Self.read(text) == RequestFilter())
    }

    /// Errors of a file: `FILE` stands for its path.
    private static let bad: [(text: String, message: String)] = [
        ("filters: [", "FILE:2: is not valid YAML: did not find expected node content"),
        ("- name: x", "FILE: must be a mapping (key: value)"),
        ("\nfilter: []", "FILE:2: filter: is not known; there is filters"),
        ("filters:\n  name: x", "FILE:1: filters: must be a list of mappings (- ...)"),
        ("filters:\n  - probes", "FILE:2: entry 1: must be a mapping (key: value)"),
        (
            "filters:\n  - networks: [10.0.0.0/8]",
            "FILE:2: entry 1: has no name; give one, it is the label filter in the metrics"
        ),
        ("filters:\n  - name: ''", "FILE:2: entry 1: name: must be a text that is not empty"),
        ("filters:\n  - name:\n    networks: ['::1']", "FILE:2: entry 1: name: must be a text"),
        ("filters:\n  - name: [a]", "FILE:2: entry 1: name: must be a text"),
        (
            "filters:\n  - name: a\n    networks: ['::1']\n  - name: a\n    networks: ['::2']",
            #"FILE:4: entry 2: another entry is named "a"; give each its own name"#
        ),
        (
            "filters:\n  - name: a\n    network: ['::1']",
            "FILE:3: entry 1: network: is not known; there are name, networks, user_agents, request_uris, verbs, outcomes"
        ),
        (
            "filters:\n  - name: a",
            "FILE:2: entry 1 (a): would match requests of any client; give networks, user_agents or request_uris"
        ),
        (
            "filters:\n  - name: a\n    verbs: [get]\n    outcomes: [unauthorized]",
            "FILE:2: entry 1 (a): would match requests of any client; give networks, user_agents or request_uris"
        ),
        (
            "filters:\n  - name: a\n    networks: ['::1']\n    verbs: [get, GET]",
            #"FILE:4: entry 1 (a): verbs: "GET" is not a verb of audit events, which are lower case, "#
                + "such as get, list or options"
        ),
        (
            "filters:\n  - name: a\n    networks: ['::1']\n    outcomes:\n      - forbidden\n      - denied",
            #"FILE:6: entry 1 (a): outcomes: "denied" is not known; give some of forbidden, unauthorized, allowed"#
        ),
        (
            "filters:\n  - name: a\n    networks: ['::1']\n    outcomes: []",
            "FILE:4: entry 1 (a): outcomes: is empty and matches nothing; leave it out to match all"
        ),
        (
            "filters:\n  - name: a\n    networks: ::1",
            "FILE:3: entry 1 (a): networks: must be a list of texts, such as [a, b]"
        ),
        (
            "filters:\n  - name: a\n    user_agents: []",
            "FILE:3: entry 1 (a): user_agents: is empty and matches nothing; leave it out to match all"
        ),
        (
            "filters:\n  - name: a\n    request_uris:\n      - /a\n      - [b]",
            "FILE:5: entry 1 (a): request_uris: each element must be a text; put it in quotes"
        ),
        (
            "filters:\n  - name: a\n    user_agents: [~]",
            "FILE:3: entry 1 (a): user_agents: each element must be a text; put it in quotes"
        ),
        (
            "filters:\n  - name: a\n    networks: [10.0.0.0/8, 10.1.2.3/8]",
            #"FILE:3: entry 1 (a): networks: "10.1.2.3/8" has bits after its prefix; give 10.0.0.0/8 for the network, "#
                + "or 10.1.2.3 for the address"
        ),
        (
            "filters:\n  - name: a\n    networks: [10.0.0.0/8, 10.0.0.0/33]",
            #"FILE:3: entry 1 (a): networks: "10.0.0.0/33" is not a network; give CIDR such as 10.0.0.0/8 or 2001:db8::/32"#
        ),
        (
            "filters:\n  - name: a\n    user_agents: ['a\\']",
            #"FILE:3: entry 1 (a): user_agents: "a\" ends in a single \; write \\ for the character itself"#
        ),
        ("filters:\n  - name: a\n    name: b", "FILE:2: duplicate key: name"),
    ]

    @Test("is rejected with the line, the entry and a remedy", arguments: bad.indices)
    func refused(index: Int) throws {
        let (text, message) = Self.bad[index]
        let error = #expect(throws: ConfigurationFileError.self, "\(text)") { try Self.read(text) }
        #expect(error?.description == message)
    }

    @Test("is rejected if it is not text or has too many entries")
    func unreadable() {
        let reason = { (content: [UInt8]) in
            #expect(throws: ConfigurationFileError.self) { try RequestFilter(content: content, file: "FILE") }?
                .description
        }
        #expect(reason([0x61, 0xFF]) == "FILE: the file is not UTF-8")
        let entries = (0...1000).map { "  - {name: \($0), networks: ['::1']}\n" }.joined()
        #expect(
            reason(Array("filters:\n\(entries)".utf8)) == "FILE:1: filters: has more than 1000 elements; merge some")
    }
}
