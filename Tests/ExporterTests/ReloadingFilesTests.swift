import AccessScanning
import ConfigurationFiles
import Foundation
import Testing
import TestSupport

@testable import Exporter

@Suite("A file that a flag names")
struct ReloadingFilesTests {
    @Test("with locations is reopened when it changes, and the previous one stays active while the new one is invalid")
    func reload() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "locations.mmdb")
            let content = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try content.write(to: path)
            var database = try ReloadingLocationDatabase(path: path.path)
            let address = try #require(IPAddress("192.0.2.1"))
            #expect(database.refresh() == .unchanged)

            // In place, and shorter: this would be a bus error on a mapped file.
            let handle = try FileHandle(forWritingTo: path)
            try handle.truncate(atOffset: 10)
            try handle.close()
            #expect(database.location(of: address).city == "Berlin")
            guard case .failed(let error) = database.refresh() else {
                Issue.record("an invalid file was accepted")
                return
            }
            #expect(error.file == path.path)
            #expect(database.refresh() == .unchanged, "an invalid file is reported once")
            #expect(database.location(of: address).city == "Berlin")

            try Data(content.map { $0 }.replacing("Berlin".utf8, with: "Munich".utf8)).write(to: path)
            #expect(database.refresh() == .reloaded)
            #expect(database.location(of: address).city == "Munich")
        }
    }

    @Test("with a filter is reloaded when it changes, and the previous one stays active while the new one is invalid")
    func filter() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "filter.yml")
            let write = { (text: String) in try Data(text.utf8).write(to: file, options: .atomic) }
            try write("filters: [{name: a, networks: ['::1']}]")
            var filter = try ReloadingFilter(path: file.path)
            #expect(filter.refresh() == .unchanged)
            try write("filters: [{name: a}]")
            guard case .failed = filter.refresh() else {
                Issue.record("an invalid file was accepted")
                return
            }
            #expect(filter.refresh() == .unchanged, "it is reported once")
            #expect(filter.content.entries.map(\.name) == ["a"])
            try write("filters: [{name: b, networks: ['::1']}]")
            #expect(filter.refresh() == .reloaded)
            #expect(filter.content.entries.map(\.name) == ["b"])
            try FileManager.default.removeItem(at: file)
            guard case .failed = filter.refresh(always: true) else {
                Issue.record("a missing file was accepted")
                return
            }
            #expect(filter.content.entries.map(\.name) == ["b"])
        }
    }
}
