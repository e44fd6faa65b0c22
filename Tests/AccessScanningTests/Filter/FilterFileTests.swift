import AccessScanning
import AuditEvents
import Foundation
import Testing
import TestSupport

@Suite("The filter file")
struct FilterFileTests {
    private static func read(_ text: String) throws -> RequestFilter {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Data(text.utf8).write(to: file)
            return try RequestFilter(file: file.path)
        }
    }

    @Test("says what is not reported")
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
            """)
        #expect(
            filter.entries == [
                FilterEntry(
                    name: "load balancer health checks",
                    networks: ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"].compactMap(Network.init),
                    userAgents: [Glob("kube-probe/*")].compactMap(\.self),
                    requestURIs: [Glob("/readyz"), Glob("/livez*")].compactMap(\.self)),
                FilterEntry(name: "5", userAgents: [Glob("")].compactMap(\.self)),
            ])
    }

    @Test("may have no entry", arguments: ["", "\n", "# nothing yet\n", "---\n", "{}\n", "filters: []"])
    func empty(text: String) throws {
        #expect(try Self.read(text) == RequestFilter())
    }

    /// What is wrong with a file: `FILE` stands for its path.
    private static let bad: [(text: String, message: String)] = [
        ("filters: [", "FILE:2: is no YAML: did not find expected node content"),
        ("- name: x", "FILE:1: must be a mapping with the key filters"),
        ("\nfilter: []", "FILE:2: filter: is not known; there is filters"),
        ("filters:\n  name: x", "FILE:2: filters: must be a list of entries (- name: ...)"),
        ("filters:\n  - probes", "FILE:2: entry 1: must be a mapping (name: ..., networks: ...)"),
        (
            "filters:\n  - networks: [10.0.0.0/8]",
            "FILE:2: entry 1: has no name; give one, it is the label filter in the metrics"
        ),
        ("filters:\n  - name: ''", "FILE:2: entry 1: name: must be a text that is not empty"),
        ("filters:\n  - name:\n    networks: ['::1']", "FILE:2: entry 1: name: must be a text that is not empty"),
        ("filters:\n  - name: [a]", "FILE:2: entry 1: name: must be a text that is not empty"),
        (
            "filters:\n  - name: a\n    networks: ['::1']\n  - name: a\n    networks: ['::2']",
            "FILE:4: entry 2 (a): another entry has this name; give each its own"
        ),
        (
            "filters:\n  - name: a\n    network: ['::1']",
            "FILE:3: entry 1: network: is not known; there are name, networks, user_agents, request_uris"
        ),
        (
            "filters:\n  - name: a",
            "FILE:2: entry 1 (a): would match every request; give networks, user_agents or request_uris"
        ),
        ("filters:\n  - name: a\n    networks: ::1", "FILE:3: entry 1 (a): networks: must be a list, such as [a, b]"),
        (
            "filters:\n  - name: a\n    user_agents: []",
            "FILE:3: entry 1 (a): user_agents: is empty and matches nothing; leave it out to match all"
        ),
        (
            "filters:\n  - name: a\n    request_uris:\n      - /a\n      - [b]",
            "FILE:5: entry 1 (a): request_uris: each value must be a text; put it in quotes"
        ),
        (
            "filters:\n  - name: a\n    user_agents: [~]",
            "FILE:3: entry 1 (a): user_agents: each value must be a text; put it in quotes"
        ),
        (
            "filters:\n  - name: a\n    networks: [10.0.0.0/8, 10.0.0.0/33]",
            #"FILE:3: entry 1 (a): networks: "10.0.0.0/33" is no network; give CIDR such as 10.0.0.0/8 or 2001:db8::/32"#
        ),
        (
            "filters:\n  - name: a\n    user_agents: ['a\\']",
            #"FILE:3: entry 1 (a): user_agents: "a\" ends in a single \; write \\ for the character itself"#
        ),
        ("filters:\n  - name: a\n    name: b", "FILE:2: a key stands twice: name"),
    ]

    @Test("is refused with its line, its entry and what to do", arguments: bad.indices)
    func refused(index: Int) throws {
        let (text, message) = Self.bad[index]
        let error = #expect(throws: FilterFileError.self, "\(text)") { try Self.read(text) }
        let file = try #require(error?.file)
        #expect(error?.description.replacing(file, with: "FILE") == message)
    }

    @Test("is refused where it cannot be read, is no text, or is too large")
    func unreadable() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            let reason = {
                #expect(throws: FilterFileError.self) { try RequestFilter(file: file.path) }?.description
            }
            #expect(reason() == "\(file.path): No such file or directory")
            try Data([0x61, 0xFF]).write(to: file)
            #expect(reason() == "\(file.path): the file is not UTF-8")
            try Data(repeating: UInt8(ascii: "\n"), count: 1 << 20 + 1).write(to: file)
            #expect(reason() == "\(file.path): the file is longer than 1024 KiB")
            let entries = (0...1000).map { "  - {name: \($0), networks: ['::1']}\n" }.joined()
            try Data("filters:\n\(entries)".utf8).write(to: file)
            #expect(reason() == "\(file.path):2: filters: has more than 1000 entries; merge some")
            let folder = #expect(throws: FilterFileError.self) { try RequestFilter(file: directory.path) }
            #expect(folder?.reason == "Is a directory")
        }
    }

    @Test("is read again when it changes, and the old one stays while the new one is bad")
    func reload() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            let write = { (text: String) in try Data(text.utf8).write(to: file, options: .atomic) }
            try write("filters: [{name: a, networks: ['::1']}]")
            var filter = try ReloadingFilter(path: file.path)
            #expect(filter.refresh() == .unchanged)
            try write("filters: [{name: a}]")
            guard case .failed = filter.refresh() else {
                Issue.record("a bad file was taken")
                return
            }
            #expect(filter.refresh() == .unchanged, "it is said once")
            #expect(filter.content.entries.map(\.name) == ["a"])
            try write("filters: [{name: b, networks: ['::1']}]")
            #expect(filter.refresh() == .reloaded)
            #expect(filter.content.entries.map(\.name) == ["b"])
            try FileManager.default.removeItem(at: file)
            guard case .failed = filter.refresh(always: true) else {
                Issue.record("a file that is gone was taken")
                return
            }
            #expect(filter.content.entries.map(\.name) == ["b"])
        }
    }
}
