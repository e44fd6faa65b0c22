import Foundation
import Glibc
import TestSupport
import Testing

@testable import Exporter

@Suite("The output file")
struct OutputFileTests {
    private static func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    private static func write(_ text: String, to path: String) throws {
        let file = try OutputFile(path, replaces: true, inputs: [])
        try file.write(Array(text.utf8))
        try file.finish()
    }

    @Test("gets its name when it is complete")
    func complete() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "past.om")
            do {
                let file = try OutputFile(path.path, replaces: true, inputs: [])
                try file.write(Array("a".utf8))
                #expect(!FileManager.default.fileExists(atPath: path.path))
                try file.finish()
            }
            #expect(try Self.text(path) == "a")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["past.om"])
        }
    }

    @Test("is not replaced by a part")
    func existing() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "past.om")
            try Self.write("old", to: path.path)
            do { try OutputFile(path.path, replaces: true, inputs: []).write(Array("new".utf8)) }
            #expect(try Self.text(path) == "old")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["past.om"])
            try Self.write("new", to: path.path)
            #expect(try Self.text(path) == "new")
        }
    }

    @Test("that is a symbolic link stays one")
    func link() throws {
        try withTemporaryDirectory { directory in
            let (target, link) = (directory.appending(path: "target"), directory.appending(path: "link"))
            try Self.write("old", to: target.path)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
            try Self.write("new", to: link.path)
            #expect(try Self.text(target) == "new")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == target.path)
        }
    }

    @Test("that is no regular file is written to and never replaced")
    func fifo() throws {
        try withTemporaryDirectory { directory in
            let fifo = directory.appending(path: "fifo")
            try #require(mkfifo(fifo.path, 0o600) == 0)
            // A reader must be there before a writer can open it.
            let descriptor = open(fifo.path, O_RDONLY | O_NONBLOCK)
            try #require(descriptor >= 0)
            let reader = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try Self.write("text", to: fifo.path)
            #expect(try reader.readToEnd() == Data("text".utf8))
            var about = stat()
            #expect(lstat(fifo.path, &about) == 0 && about.st_mode & S_IFMT == S_IFIFO)
        }
    }

    @Test("replaces no existing file and no input, unless it may")
    func refused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "past.om").path
            _ = try OutputFile(path, replaces: false, inputs: [path]).finish()
            let exists = #expect(throws: ConfigurationError.self) {
                try OutputFile(path, replaces: false, inputs: [])
            }
            #expect(
                exists?.description == "--output \(path): exists; give another file, or --force to replace it")
            let input = #expect(throws: ConfigurationError.self) {
                try OutputFile(path, replaces: true, inputs: ["/nowhere", directory.path + "/./past.om"])
            }
            #expect(input?.description == "--output \(path): is one of the inputs; give another file")
        }
    }

    @Test("has an error that names it and the reason")
    func errors() throws {
        for (path, reason) in [
            ("/dev", "is a directory; give a file in it"),
            ("/nowhere/x", "cannot be created: no such file or directory"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try OutputFile(path, replaces: true, inputs: []) }
            #expect(error?.description == "--output \(path): \(reason)")
        }
        let full = #expect(throws: ConfigurationError.self) {
            try OutputFile("/dev/full", replaces: true, inputs: []).write(Array("text".utf8))
        }
        #expect(full?.description == "--output /dev/full: cannot be written: no space left on device")
    }
}
