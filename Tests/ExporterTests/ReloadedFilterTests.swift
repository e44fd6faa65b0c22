import AccessScanning
import AuditSources
import Exposition
import Foundation
import StateStore
import Testing
import TestSupport

@testable import Exporter

@Suite("The filter of a running exporter")
struct ReloadedFilterTests {
    private static func write(_ text: String, _ file: URL) throws {
        try Data(text.utf8).write(to: file, options: .atomic)
    }

    private static func lines(_ pipeline: Pipeline, _ name: String) -> [String] {
        String(
            decoding: ExpositionFormat.text.render(
                ReadingMetrics.families(of: pipeline.published.current)
                    + StatusMetrics.families(of: pipeline.status.current)), as: UTF8.self
        )
        .split(separator: "\n").filter { $0.hasPrefix(name) }.map(String.init)
    }

    @Test("is reloaded when its file changes; an invalid one changes nothing, is reported once, and sets a metric")
    func refresh() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Self.write("filters: [{name: a, networks: [192.0.2.1]}]", file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            let pipeline = reloading.pipeline
            let filtered = { Self.lines(pipeline, "kube_audit_filtered_requests_total{") }
            let succeeded = {
                Self.lines(pipeline, "kube_audit_config_last_reload_successful ")
                    == ["kube_audit_config_last_reload_successful 1"]
            }
            #expect(filtered() == [#"kube_audit_filtered_requests_total{filter="a"} 0"#])
            _ = await pipeline.commit(Samples.batch([Samples.event(1), Samples.event(2, of: "192.0.2.2")]))
            #expect(filtered() == [#"kube_audit_filtered_requests_total{filter="a"} 1"#])
            #expect(pipeline.published.current.sources.counters.count == 1)
            #expect(succeeded())

            try Self.write("filters: [{name: a}]", file)
            for _ in 0..<4 { await reloading.look() }
            #expect(reloading.logged("Changed file cannot be loaded").count == 1)
            #expect(!succeeded())
            _ = await pipeline.commit(Samples.batch([Samples.event(3)]))
            #expect(filtered() == [#"kube_audit_filtered_requests_total{filter="a"} 2"#])

            try Self.write(#"filters: [{name: "b\"", networks: [192.0.2.0/24]}]"#, file)
            for _ in 0..<2 { await reloading.look() }
            #expect(succeeded())
            try await eventually("the new entry at zero") { filtered().count == 2 }
            _ = await pipeline.commit(Samples.batch([Samples.event(4)]))
            #expect(
                filtered() == [
                    #"kube_audit_filtered_requests_total{filter="a"} 2"#,
                    #"kube_audit_filtered_requests_total{filter="b\""} 1"#,
                ])
        }
    }

    @Test("is loaded at a reload, which reports its errors")
    func reload() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Self.write("filters: []", file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            #expect(await reloading.files.reload() == [])
            try Self.write("filter: []", file)
            #expect(
                await reloading.files.reload()
                    == ["--filter.file: \(file.path):1: filter: is not known; there is filters"])
            #expect(!reloading.isSuccessful)
            try Self.write("filters: []", file)
            #expect(await reloading.files.reload() == [])
            #expect(reloading.isSuccessful)
        }
    }

    @Test("keeps its entries while its file is being written", arguments: [false, true])
    func half(isRequested: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            let filter = "filters: [{name: a, networks: [192.0.2.1]}]"
            try Self.write(filter, file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            // As editors and configuration management do it: emptied first, written in pieces.
            let writing = Task {
                for length in [0, 8, filter.utf8.count] {
                    try Data(filter.utf8.prefix(length)).write(to: file)
                    if isRequested { try await Task.sleep(for: .milliseconds(200)) } else { await reloading.look() }
                    let id = length + 1
                    #expect(await reloading.pipeline.commit(Samples.batch([Samples.event(id)])) == .committed)
                }
            }
            if isRequested {
                try await Task.sleep(for: .milliseconds(50))
                #expect(await reloading.files.reload() == [])
            }
            try await writing.value
            #expect(reloading.pipeline.published.current.filteredRequests == ["a": 3])
            #expect(reloading.pipeline.published.current.sources.counters.isEmpty)
        }
    }

    @Test("keeps its entries when its file becomes empty and stays so", .timeLimit(.minutes(1)))
    func emptied() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            try Self.write("filters: [{name: a, networks: [192.0.2.1]}]", file)
            let reloading = try Reloading(ServeOptions(filterFile: file.path))
            try Self.write("", file)
            let problems = await reloading.files.reload()
            #expect(problems.count == 1 && problems[0].contains("the file is empty"), "\(problems)")
            #expect(!reloading.isSuccessful)
            #expect(await reloading.pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
            #expect(reloading.pipeline.published.current.filteredRequests == ["a": 1])
        }
    }

    @Test("continues its counts after a restart, also for a removed entry")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            let run = { (id: Int) in
                let storage = try StateStore.open(
                    directory: directory.appending(path: "state").path, version: "1", at: 1000)
                let options = ServeOptions(auditLogs: ["x"], filterFile: file.path, logLevel: "error")
                let pipeline = Pipeline(try Configuration(options), storage: storage, now: { 1000 })
                _ = await pipeline.commit(Samples.batch([Samples.event(1), Samples.event(id)]))
                let counts = pipeline.published.current.filteredRequests
                #expect(await pipeline.finish())
                return counts
            }
            try Self.write("filters: [{name: a, networks: [192.0.2.1]}]", file)
            #expect(try await run(2) == ["a": 2])
            #expect(try await run(3) == ["a": 3])
            try Self.write("filters: [{name: b, networks: [192.0.2.1]}]", file)
            #expect(try await run(4) == ["a": 3, "b": 1])
        }
    }
}
