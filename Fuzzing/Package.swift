// swift-tools-version: 6.2
import PackageDescription

// A separate package, so that a build of the exporter does not build fuzzers. `make fuzz` builds it with the sanitizer,
// coverage instrumentation and libFuzzer, which are flags of the whole build.

let package = Package(
    name: "Fuzzing",
    dependencies: [.package(name: "kube-audit-exporter", path: "..")],
    targets: [
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "Fuzz",
            dependencies: ["CLibFuzzer", .product(name: "FuzzTargets", package: "kube-audit-exporter")],
            swiftSettings: [
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ]),
    ]
)
