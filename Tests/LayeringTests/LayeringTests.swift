import Foundation
import Testing
import TestSupport

/// Imports run in one direction: a target in the picture in Package.swift knows nothing of the targets to its right.
@Suite("The layers")
struct LayeringTests {
    /// The allowed imports of each target, besides the standard library and the system's.
    static let table: [String: Set<String>] = [
        "Compression": ["CZlib", "CZstd"],
        "AuditEvents": ["CAuditScan"],
        "AuditSources": ["AuditEvents", "Compression"],
        "ConfigurationFiles": ["CLinux", "Yams"],
        "AccessScanning": ["AuditEvents", "ConfigurationFiles"],
        "Locations": ["AccessScanning", "CMaxMindDB", "ConfigurationFiles"],
        "StateStore": ["AccessScanning", "AuditEvents", "AuditSources", "GRDB", "GRDBSQLite"],
        "Exposition": [],
        "HTTPServing": ["CCrypt", "CGnuTLS", "CMicroHTTPD", "Compression", "ConfigurationFiles"],
        "Exporter": [
            "AccessScanning", "AuditEvents", "AuditSources", "CBuildInfo", "CMalloc", "ConfigurationFiles",
            "Exposition",
            "HTTPServing", "Locations", "Logging", "ServiceLifecycle", "StateStore", "UnixSignals",
        ],
        "kube-audit-exporter": ["Exporter", "ArgumentParser"],
    ]

    static let system: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization",
    ]

    private static let sources = Fixture.repository.appending(path: "Sources")

    @Test("cover every Swift target")
    func tableIsComplete() throws {
        let targets = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
            .filter { !isCLibrary($0) }
        #expect(Set(targets) == Set(Self.table.keys))
    }

    @Test("import nothing from their right", arguments: table.keys.sorted())
    func imports(target: String) throws {
        let files = try Self.swiftFiles(of: target)
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") {
                guard
                    let match = line.firstMatch(
                        of:
                            /^(?:@\w+ )*(?:public |internal |private |package |fileprivate )?import (?:struct |class |enum |func )?([\w-]+)/
                    )
                else { continue }
                let module = String(match.1)
                #expect(
                    Self.system.contains(module) || Self.table[target, default: []].contains(module),
                    "\(file.lastPathComponent) of \(target) imports \(module)")
            }
        }
    }

    @Test("import each C library in one Swift target")
    func cLibraries() {
        for library in Set(Self.table.values.joined().filter(isCLibrary)) {
            let importers = Self.table.filter { $0.value.contains(library) }.keys
            #expect(importers.count == 1, "\(library) is imported by \(importers.sorted())")
        }
    }

    @Test("have files of at most 400 lines", arguments: table.keys.sorted())
    func fileLength(target: String) throws {
        for file in try Self.swiftFiles(of: target) {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 400, "\(file.lastPathComponent) has \(lines.count) lines")
        }
    }

    /// C targets begin with a capital C and the capitalized name of the library.
    private func isCLibrary(_ target: String) -> Bool {
        target.wholeMatch(of: /C[A-Z]\w*/) != nil
    }

    private static func swiftFiles(of target: String) throws -> [URL] {
        let folder = sources.appending(path: target)
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".swift") }
            .map { folder.appending(path: $0) }
    }
}
