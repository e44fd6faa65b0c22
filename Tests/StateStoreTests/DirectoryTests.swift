import Foundation
import GRDB
import Glibc
@testable import StateStore
import Testing
import TestSupport

@Suite("A directory")
struct DirectoryTests {
    private static func expectFailure(
        _ directory: URL, _ kind: StateStoreError.Kind, _ message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = #expect(throws: StateStoreError.self, sourceLocation: sourceLocation) {
            try StateStore.open(directory)
        }
        #expect(error?.kind == kind, sourceLocation: sourceLocation)
        #expect(error?.description == message, sourceLocation: sourceLocation)
    }

    @Test("serves one exporter at a time, and the next one after the first has exited")
    func lock() async throws {
        try await withTemporaryDirectory { directory in
            var first: StateStore? = try StateStore.open(directory).store
            try Self.expectFailure(
                directory, .inUse,
                "\(directory.path): another exporter (process \(getpid())) keeps its state here; give each its own "
                    + "directory")
            try await first?.commit(.of(time: 1))
            first = nil
            let (second, stored) = try StateStore.open(directory)
            #expect(stored.lastCheckpoint == 1)
            second.close()
            let third = try StateStore.open(directory).store
            third.close()
        }
    }

    @Test("is not changed while another program has the database open", .timeLimit(.minutes(1)))
    func otherProgram() throws {
        try withTemporaryDirectory { directory in
            try StateStore.open(directory).store.close()
            let other = try DatabaseQueue(path: directory.appending(path: "state.db").path)
            try other.inDatabase { db in
                try db.execute(sql: "BEGIN; SELECT * FROM state")
                try Self.expectFailure(
                    directory, .inUse,
                    "\(directory.path)/state.db: database is locked: another program has it open; end that")
                try db.execute(sql: "COMMIT")
            }
        }
    }

    @Test("that is a file, does not exist, or contains a directory named like the database is reported")
    func somethingElse() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file")
            try Data().write(to: file)
            try Self.expectFailure(
                file, .unusable, "\(file.path): not a directory; state is kept in a directory")
            let nowhere = directory.appending(path: "no/where")
            try Self.expectFailure(
                nowhere, .unusable,
                "\(nowhere.path): parent directory does not exist; create it, or give another directory")
            try Self.expectFailure(
                file.appending(path: "below"), .unusable,
                "\(file.path)/below: parent is not a directory; give another directory")
            let link = directory.appending(path: "link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: nowhere)
            try Self.expectFailure(
                link, .unusable, "\(link.path): a symbolic link to a directory that does not exist; create that")
            try Self.expectFailure(
                URL(filePath: "/proc/x"), .unusable,
                "/proc/x: no directory can be created there; give another directory")
            let database = directory.appending(path: "state.db")
            try FileManager.default.createDirectory(at: database, withIntermediateDirectories: true)
            try Self.expectFailure(directory, .unusable, "\(database.path): Is a directory")
        }
    }

    @Test("or a file in it without write permission is reported")
    func permissions() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let advice = "Permission denied for user ID \(geteuid()); the exporter must be able to read and write it"
            try asNobody {
                let new = directory.appending(path: "new")
                try Self.expectFailure(
                    new, .unusable,
                    "\(new.path): parent directory cannot be written by user ID \(geteuid()); create the directory for "
                        + "that user, or give another directory")
                try Self.expectFailure(directory, .unusable, "\(directory.path)/lock: \(advice)")
            }
            try StateStore.open(directory).store.close()
            chmod(directory.path, 0o777)
            chmod("\(directory.path)/lock", 0o666)
            chmod("\(directory.path)/state.db", 0o444)
            try asNobody {
                try Self.expectFailure(directory, .unusable, "\(directory.path)/state.db: \(advice)")
            }
        }
    }

    @Test("keeps the remains of a failed creation until the next one succeeds")
    func leftovers() throws {
        try withTemporaryDirectory { directory in
            try Data("half a database".utf8).write(to: directory.appending(path: "state.db.new"))
            let (store, _) = try StateStore.open(directory)
            #expect(store.damaged == nil)
            let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            #expect(files == ["lock", "state.db", "state.db-wal"])
        }
    }
}
