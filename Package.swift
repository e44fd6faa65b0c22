// swift-tools-version: 6.2
import PackageDescription

// The path of one audit line, left to right; LayeringTests checks the imports of each target.
//
//   bytes ─▶ AuditSources ─▶ AuditEvents ─▶ AccessScanning ─▶ StateStore ─▶ Exposition ─▶ HTTPServing ─▶ Prometheus
//
// Only `Exporter` knows them all.

let package = Package(
    name: "kube-audit-exporter",
    products: [
        .executable(name: "kube-audit-exporter", targets: ["kube-audit-exporter"]),
        // For `make demo`.
        .executable(name: "demo", targets: ["Demo"]),
        // For `make torture`.
        .executable(name: "torture", targets: ["Torture"]),
        // For `make flood`.
        .executable(name: "flood", targets: ["Flood"]),
        // For `make slowloris`.
        .executable(name: "slowloris", targets: ["Slowloris"]),
        // For `make fuzz`; the fuzzer itself is a package of its own.
        .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    ],
    dependencies: [
        // Commands and flags.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        // The logging interface; the formats (logfmt and JSON) are the exporter's own.
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        // Start, stop and signals.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        // SQLite (Debian: libsqlite3-dev): counts and read positions on disk, in one transaction.
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        // The web configuration file and the filter file.
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        // Not used directly: pins dependencies of the packages above, because Package.resolved is not in git.
        .package(url: "https://github.com/apple/swift-async-algorithms.git", exact: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
    ],
    targets: [
        // System libraries. Each is imported by one Swift target, which gives it a safe face.
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CGnuTLS", pkgConfig: "gnutls", providers: [.apt(["libgnutls28-dev"])]),
        .systemLibrary(
            name: "CMaxMindDB", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // C++ over simdjson (Debian: libsimdjson-dev) and zlib, behind a C header of a few calls.
        .target(name: "CAuditScan", linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("z")]),
        // Version and revision of the build; the values come from the Makefile's environment.
        .target(name: "CBuildInfo", cSettings: buildInfo),

        .target(name: "Compression", dependencies: ["CZlib", "CZstd"]),
        .target(name: "AuditEvents", dependencies: ["CAuditScan"]),
        .target(name: "AuditSources", dependencies: ["AuditEvents", "Compression"]),
        .target(name: "ConfigurationFiles", dependencies: ["CLinux", .product(name: "Yams", package: "Yams")]),
        .target(name: "AccessScanning", dependencies: ["AuditEvents", "ConfigurationFiles"]),
        .target(name: "Locations", dependencies: ["AccessScanning", "CMaxMindDB", "ConfigurationFiles"]),
        .target(
            name: "StateStore",
            dependencies: [
                "AccessScanning", "AuditEvents", "AuditSources", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .target(name: "Exposition"),
        .target(
            name: "HTTPServing",
            dependencies: [
                "CCrypt", "CGnuTLS", "CMicroHTTPD", "Compression", "ConfigurationFiles",
            ]),
        .target(
            name: "Exporter",
            dependencies: [
                "AccessScanning", "AuditEvents", "AuditSources", "CBuildInfo", "CMalloc", "ConfigurationFiles",
                "Exposition", "HTTPServing", "Locations", "StateStore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "kube-audit-exporter",
            dependencies: [
                "Exporter",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // A log that rotates, an event builder, a free port, `eventually`.
        .target(name: "TestSupport", dependencies: ["AccessScanning", "AuditEvents"], path: "Tests/TestSupport"),
        // Connections on which a test controls every byte.
        .target(name: "RawHTTP", dependencies: ["HTTPServing"], path: "Tests/RawHTTP"),
        .testTarget(
            name: "AuditEventsTests", dependencies: ["AuditEvents", "Compression", "TestSupport"],
            exclude: ["GoReference"]),
        .testTarget(
            name: "AuditSourcesTests", dependencies: ["AuditSources", "AuditEvents", "Compression", "TestSupport"]),
        .testTarget(
            name: "AccessScanningTests",
            dependencies: ["AccessScanning", "AuditEvents", "Compression", "ConfigurationFiles", "TestSupport"]),
        .testTarget(name: "ConfigurationFilesTests", dependencies: ["ConfigurationFiles", "TestSupport"]),
        .testTarget(
            name: "LocationsTests", dependencies: ["AccessScanning", "ConfigurationFiles", "Locations", "TestSupport"]),
        .testTarget(
            name: "StateStoreTests",
            dependencies: [
                "StateStore", "AccessScanning", "AuditEvents", "AuditSources", "Compression",
                .product(name: "GRDB", package: "GRDB.swift"), "TestSupport",
            ]),
        .testTarget(name: "CompressionTests", dependencies: ["Compression", "TestSupport"]),
        .testTarget(name: "ExpositionTests", dependencies: ["Exposition", "TestSupport"]),
        .testTarget(
            name: "HTTPServingTests",
            dependencies: ["HTTPServing", "Compression", "ConfigurationFiles", "RawHTTP", "TestSupport"]),
        .testTarget(
            name: "ExporterTests",
            dependencies: [
                "Exporter", "AccessScanning", "AuditEvents", "AuditSources", "ConfigurationFiles", "Exposition",
                "HTTPServing", "Locations", "StateStore",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                "RawHTTP", "TestSupport",
            ]),
        .testTarget(name: "LayeringTests", dependencies: ["TestSupport"]),
        // Links, flags, metrics and alerts in the documents, compared with the program.
        .testTarget(
            name: "DocumentsTests",
            dependencies: [
                "Exporter", "Exposition", "LocalStack", "TestSupport", "kube-audit-exporter",
                .product(name: "Yams", package: "Yams"),
            ]),

        // Properties that must hold for any bytes: checked by the fuzzer in Fuzzing/, and over its corpus by the tests.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "AccessScanning", "AuditEvents", "AuditSources", "Compression", "ConfigurationFiles", "Exposition",
                "HTTPServing", "StateStore", .product(name: "GRDB", package: "GRDB.swift"), "RawHTTP", "TestSupport",
            ],
            path: "Tests/FuzzTargets"),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["FuzzTargets", "TestSupport"]),

        // The exporter with a real Prometheus and Alertmanager on loopback.
        .target(name: "LocalStack", dependencies: ["HTTPServing", "TestSupport"], path: "Tests/LocalStack"),
        .executableTarget(
            name: "Demo",
            dependencies: [
                "LocalStack", "TestSupport",
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], path: "Tests/Demo"),
        // Kills the exporter repeatedly, and compares its counts with the truth.
        .target(
            name: "TortureKit",
            dependencies: ["AccessScanning", "AuditEvents", "Compression", "LocalStack", "TestSupport"],
            path: "Tests/TortureKit"),
        .executableTarget(
            name: "Torture",
            dependencies: [
                "LocalStack", "TortureKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], path: "Tests/Torture"),
        // Floods the exporter with more addresses than it can keep.
        .executableTarget(
            name: "Flood",
            dependencies: [
                "LocalStack", "TortureKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], path: "Tests/Flood"),
        // Measures scrapes while slow clients keep the exporter busy.
        .target(
            name: "SlowlorisKit", dependencies: ["HTTPServing", "LocalStack", "RawHTTP", "TestSupport"],
            path: "Tests/SlowlorisKit"),
        .executableTarget(
            name: "Slowloris",
            dependencies: [
                "LocalStack", "SlowlorisKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Tests/Slowloris"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "AccessScanning", "AuditEvents", "AuditSources", "Compression", "Demo", "Exporter", "Exposition",
                "HTTPServing", "LocalStack",
                "RawHTTP", "SlowlorisKit", "StateStore", "TestSupport", "TortureKit", "kube-audit-exporter",
                .product(name: "Yams", package: "Yams"),
            ]),
    ],
    cxxLanguageStandard: .cxx17
)

/// The Makefile passes VERSION, REVISION and SWIFT_VERSION; a bare `swift build` says "unknown".
var buildInfo: [CSetting] {
    ["VERSION", "REVISION", "SWIFT_VERSION"].map { name in
        .define("KUBE_AUDIT_\(name)", to: "\"\(Context.environment["KUBE_AUDIT_\(name)"] ?? "unknown")\"")
    }
}

// Settings of all Swift targets.
let cTargets = ["CAuditScan", "CBuildInfo"]
for target in package.targets where target.type != .system && !cTargets.contains(target.name) {
    target.swiftSettings = [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
