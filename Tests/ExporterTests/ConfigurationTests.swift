import AccessScanning
import AuditSources
import Foundation
import HTTPServing
import Logging
import Testing
import TestSupport

@testable import Exporter

@Suite("The command line")
struct ConfigurationTests {
    private static let locations = Fixture.url("locations/locations.mmdb").path

    @Test("is used as given, with the documented defaults")
    func defaults() throws {
        let configuration = try Configuration(ServeOptions(auditLogs: ["audit.log", "-", "audit.log", "*.log"]))
        #expect(configuration.logs.map(\.description) == ["audit.log", "*.log"], "each log once")
        #expect(configuration.readsStandardInput)
        #expect(configuration.logNames == ["audit.log", "*.log", "-"])
        #expect(configuration.storagePath == "data/")
        #expect(configuration.start == .recent(seconds: 3600))
        #expect(
            configuration.standardInputStart == .beginning, "what is piped in counts unless the flag says otherwise")
        #expect(configuration.listeners == [.address(ListenAddress(host: "", port: 10403))])
        #expect(configuration.telemetryPath == "/metrics")
        #expect(configuration.externalURL == nil)
        #expect(configuration.limits == SourceLimits(verified: 10_000, claimed: 1_000, retention: 86_400))
        #expect(configuration.locations == nil)
        #expect(configuration.logger.logLevel == .info)
    }

    @Test("accepts every flag")
    func everyFlag() throws {
        let configuration = try Configuration(
            ServeOptions(
                auditLogs: ["-"], auditFrom: "end", listenAddresses: ["127.0.0.1:1", "[::1]:2", "unix:web.sock"],
                telemetryPath: "/", externalURL: "https://audit.example.com/cp-1/", geoipDatabase: Self.locations,
                trustedProxies: ["10.0.0.0/8", "2001:db8::1"],
                sourceLimit: "1", claimedLimit: "0", retention: "1h30m", logLevel: "debug", logFormat: "json"))
        #expect(configuration.logs == [])
        #expect(configuration.start == .end)
        #expect(configuration.standardInputStart == .end)
        #expect(configuration.listeners.map(\.address.description) == ["127.0.0.1:1", "[::1]:2", "unix:web.sock"])
        #expect(configuration.telemetryPath == "/")
        #expect(configuration.externalURL?.description == "https://audit.example.com/cp-1")
        #expect(configuration.limits == SourceLimits(verified: 1, claimed: 0, retention: 5400))
        #expect(configuration.locations != nil)
        #expect(configuration.attribution.sources(of: ["192.0.2.1", "10.1.2.3"]).first?.origin == .verified)
        #expect(configuration.logger.logLevel == .debug)
    }

    @Test(
        "says which requests count in a log that was not read before",
        arguments: [
            ("beginning", .beginning), ("end", .end), ("30m", .recent(seconds: 1800)),
            ("1d12h", .recent(seconds: 129_600)), ("0s", .recent(seconds: 0)),
        ] as [(String, StartingPoint)])
    func startingPoint(text: String, start: StartingPoint) throws {
        let configuration = try Configuration(ServeOptions(auditLogs: ["x"], auditFrom: text))
        #expect(configuration.start == start)
        #expect(configuration.standardInputStart == start)
    }

    @Test("needs no log with a webhook")
    func webhook() throws {
        let configuration = try Configuration(ServeOptions(webhookListenAddress: "127.0.0.1:0"))
        #expect(configuration.logs == [])
        #expect(configuration.webhook?.address == ListenAddress(host: "127.0.0.1", port: 0))
        #expect(configuration.webhook?.maxBodySize == 32 << 20)
        #expect(configuration.webhook?.web?.content.tls == nil)
        #expect(try Configuration(ServeOptions(auditLogs: ["x"])).webhook == nil)
    }

    @Test(
        "accepts sizes in bytes, KiB and MiB",
        arguments: [
            ("0", 0), ("1000", 1000), ("512KiB", 524_288), ("32MiB", 33_554_432), ("", nil), ("KiB", nil),
            ("1kib", nil), ("1 MiB", nil), ("-1", nil), ("1.5MiB", nil), ("1GiB", nil), ("99999999999999999MiB", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    private static let bad: [(ServeOptions, String)] = [
        (
            ServeOptions(),
            "--audit.log: there is nothing to read; name an audit log with --audit.log PATH (repeatable; a glob, a "
                + "FIFO, or - for standard input) or receive the API server's webhook with "
                + "--webhook.listen-address HOST:PORT"
        ),
        (
            ServeOptions(webhookListenAddress: "7777"),
            #"--webhook.listen-address: "7777" is not an address; give HOST:PORT, :PORT, [IPV6]:PORT or unix:PATH"#
        ),
        (
            ServeOptions(auditLogs: ["x"], webhookConfigFile: "web.yml"),
            "--webhook.config.file: has no effect without --webhook.listen-address HOST:PORT; add it"
        ),
        (
            ServeOptions(webhookListenAddress: ":1", webhookConfigFile: "/nowhere.yml"),
            "--webhook.config.file: /nowhere.yml: no such file or directory"
        ),
        (
            ServeOptions(webhookListenAddress: ":1", webhookMaxBodySize: "32MB"),
            #"--webhook.max-body-size: "32MB" cannot be used; give bytes, or a number with KiB or MiB, from 1KiB to "#
                + "1024MiB, such as 32MiB"
        ),
        (
            ServeOptions(webhookListenAddress: ":1", webhookMaxBodySize: "1025MiB"),
            #"--webhook.max-body-size: "1025MiB" cannot be used; give bytes, or a number with KiB or MiB, from 1KiB to "#
                + "1024MiB, such as 32MiB"
        ),
        (
            ServeOptions(auditLogs: ["x"], webConfigFile: "/nowhere.yml"),
            "--web.config.file: /nowhere.yml: no such file or directory"
        ),
        (ServeOptions(auditLogs: [""]), "--audit.log: is empty; give a path, a glob, or -"),
        (
            ServeOptions(auditLogs: ["eks:"]),
            "--audit.log eks:: names a format without a path; give a path, a glob, or -"
        ),
        (
            ServeOptions(auditLogs: ["cri:x", "docker:x"]),
            "--audit.log x: is given with two formats, cri and docker; give one"
        ),
        (
            ServeOptions(auditLogs: ["cri:-", "-"]),
            "--audit.log -: is given with two formats, cri and auto; give one"
        ),
        (ServeOptions(auditLogs: ["x"], storagePath: ""), "--storage.path: is empty; give a directory"),
        (
            ServeOptions(auditLogs: ["x"], auditFrom: "10x"),
            #"--audit.from: "10x" cannot be used; give a duration such as 30m, 1h or 1d12h, or beginning, or end"#
        ),
        (
            ServeOptions(auditLogs: ["x"], listenAddresses: [":1", "10403"]),
            #"--web.listen-address: "10403" is not an address; give HOST:PORT, :PORT, [IPV6]:PORT or unix:PATH"#
        ),
        (
            ServeOptions(webhookListenAddress: "unix:@audit"),
            #"--webhook.listen-address: "unix:@audit" cannot be used; give unix:PATH with a path of at most 107 bytes "#
                + "that does not begin with @, such as unix:/run/kube-audit-exporter/web.sock"
        ),
        (
            ServeOptions(auditLogs: ["x"], listenAddresses: ["unix:a", "unix:a"]),
            "--web.listen-address unix:a: has the same path as --web.listen-address unix:a; give each its own"
        ),
        (
            ServeOptions(auditLogs: ["x"], usesSystemdSockets: true),
            "--web.systemd-socket: no sockets were passed to this process (LISTEN_FDS is not set); start it by a systemd "
                + ".socket unit, or use --web.listen-address"
        ),
        (
            ServeOptions(auditLogs: ["x"], listenAddresses: [":1"], usesSystemdSockets: true),
            "--web.listen-address: has no effect with --web.systemd-socket, which uses the sockets of the .socket unit; "
                + "remove one"
        ),
        (
            ServeOptions(auditLogs: ["x"], telemetryPath: "metrics"),
            #"--web.telemetry-path: "metrics" cannot be used; give a path such as /metrics, not below /-, /api or /sources"#
        ),
        (
            ServeOptions(auditLogs: ["x"], telemetryPath: "/-/ready"),
            #"--web.telemetry-path: "/-/ready" cannot be used; give a path such as /metrics, not below /-, /api or /sources"#
        ),
        (
            ServeOptions(auditLogs: ["x"], telemetryPath: "/sources/metrics"),
            #"--web.telemetry-path: "/sources/metrics" cannot be used; "#
                + "give a path such as /metrics, not below /-, /api or /sources"
        ),
        (
            ServeOptions(auditLogs: ["x"], geoipDatabase: "/nowhere.mmdb"),
            "--geoip.database: /nowhere.mmdb: no such file or directory"
        ),
        (
            ServeOptions(auditLogs: ["x"], geoipDatabase: Fixture.url("README.md").path),
            "--geoip.database: \(Fixture.url("README.md").path): not a usable MaxMind DB: "
                + "The MaxMind DB file contains invalid metadata"
        ),
        (
            ServeOptions(auditLogs: ["x"], filterFile: "/nowhere.yml"),
            "--filter.file: /nowhere.yml: no such file or directory"
        ),
        (
            ServeOptions(auditLogs: ["x"], trustedProxies: ["10.0.0.0/33"]),
            #"--source.trusted-proxy: "10.0.0.0/33" is not a network; give CIDR such as 10.0.0.0/8 or 2001:db8::/32"#
        ),
        (
            ServeOptions(auditLogs: ["x"], trustedProxies: ["10.1.2.3/8"]),
            #"--source.trusted-proxy: "10.1.2.3/8" has bits after its prefix; give 10.0.0.0/8 for the network, or "#
                + "10.1.2.3 for the address"
        ),
        (
            ServeOptions(auditLogs: ["x"], sourceLimit: "10k"),
            #"--source.limit: "10k" is not a number; give a whole number from 1 to 10000000, such as 10000"#
        ),
        (
            ServeOptions(auditLogs: ["x"], sourceLimit: "0"),
            #"--source.limit: "0" is not in the range; give a whole number from 1 to 10000000, such as 10000"#
        ),
        (
            ServeOptions(auditLogs: ["x"], claimedLimit: "-1"),
            #"--source.claimed-limit: "-1" is not in the range; give a whole number from 0 to 10000000, such as 1000"#
        ),
        (
            ServeOptions(auditLogs: ["x"], networkLimit: "1.5"),
            #"--source.network-limit: "1.5" is not a number; give a whole number from 0 to 10000000, such as 5000"#
        ),
        (
            ServeOptions(auditLogs: ["x"], listenAddresses: ["127.0.0.1:80", ":80"]),
            "--web.listen-address :80: has the same port as --web.listen-address 127.0.0.1:80; give each its own"
        ),
        (
            ServeOptions(auditLogs: ["x"], webhookListenAddress: "127.0.0.1:10403"),
            "--web.listen-address :10403: has the same port as --webhook.listen-address 127.0.0.1:10403; give each its "
                + "own"
        ),
        (
            ServeOptions(auditLogs: ["x"], webhookMaxBodySize: "1MiB"),
            "--webhook.max-body-size: has no effect without --webhook.listen-address HOST:PORT; add it"
        ),
        (
            ServeOptions(auditLogs: ["x"], retention: "59m59s"),
            #"--source.retention: "59m59s" cannot be used; give a duration of at least 1h, such as 24h"#
        ),
        (
            ServeOptions(auditLogs: ["x"], retention: "24"),
            #"--source.retention: "24" cannot be used; give a duration of at least 1h, such as 24h"#
        ),
        (
            ServeOptions(auditLogs: ["x"], logLevel: "loud"),
            #"--log.level: "loud" is not known; give debug, info, warn or error"#
        ),
        (ServeOptions(auditLogs: ["x"], logFormat: "xml"), #"--log.format: "xml" is not known; give logfmt or json"#),
    ]

    @Test("is rejected with the flag's name and a remedy", arguments: bad.indices)
    func refused(index: Int) {
        let (options, message) = Self.bad[index]
        let error = #expect(throws: ConfigurationError.self) { try Configuration(options) }
        #expect(error?.description == message)
    }

    @Test(
        "writes durations in the notation in which it reads them", arguments: ["1h", "30m", "1d12h", "1s500ms", "0s"])
    func durationTexts(text: String) throws {
        #expect(PrometheusDuration.text(try #require(PrometheusDuration(text)).seconds) == text)
    }

    @Test(
        "accepts durations in Prometheus' notation",
        arguments: [
            ("1h", 3600), ("90m", 5400), ("1d12h", 129_600), ("1w", 604_800), ("1y", 31_536_000), ("1s500ms", 1.5),
            ("0s", 0), ("", nil), ("1", nil), ("h", nil), ("1h1h", nil), ("1m1h", nil), ("1.5h", nil), ("-1h", nil),
            ("1h ", nil), ("99999999999999999999h", nil), ("9223372036854775807y", nil), ("١h", nil),
        ] as [(String, Double?)])
    func durations(text: String, seconds: Double?) {
        #expect(PrometheusDuration(text)?.seconds == seconds)
    }
}
