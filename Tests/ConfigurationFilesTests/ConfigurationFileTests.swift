import ConfigurationFiles
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A configuration file")
struct ConfigurationFileTests {
    @Test("is read as a whole, or rejected with its path and the reason")
    func read() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file.yml")
            let read = { try ConfigurationFile.read(file.path, limit: 1 << 20) }
            let reason = { #expect(throws: ConfigurationFileError.self) { try read() }?.description }
            #expect(reason() == "\(file.path): no such file or directory")
            for size in [0, 1, 16 << 10, 100_000, 1 << 20] {
                let content = Data(repeating: UInt8(ascii: "\n"), count: size)
                try content.write(to: file)
                #expect(try read() == Array(content))
            }
            try Data(repeating: UInt8(ascii: "\n"), count: 1 << 20 + 1).write(to: file)
            #expect(reason() == "\(file.path): the file is longer than 1024 KiB")
            let folder = #expect(throws: ConfigurationFileError.self) {
                try ConfigurationFile.read(directory.path, limit: 1)
            }
            #expect(folder?.reason == "is a directory")
        }
    }

    @Test("has a version that changes with its content, its times and the file behind a link")
    func version() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file.yml")
            #expect(FileVersion(path: file.path) == nil)
            try Data("a".utf8).write(to: file)
            let first = FileVersion(path: file.path)
            #expect(first != nil)
            #expect(FileVersion(path: file.path) == first)
            // The size and the modification time stay the same, as with `rsync --inplace --times`.
            let modified = try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate]
            usleep(20_000)
            try Data("b".utf8).write(to: file)
            try FileManager.default.setAttributes(
                [.modificationDate: try #require(modified)], ofItemAtPath: file.path)
            #expect(FileVersion(path: file.path) != first)
        }
    }

    @Test("may have any time", arguments: [Int.min, -1, 0, 1 << 40, Int.max])
    func anyTime(seconds: Int) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file.yml")
            try Data("a".utf8).write(to: file)
            let before = FileVersion(path: file.path)
            let time = timespec(tv_sec: seconds, tv_nsec: 0)
            #expect(utimensat(AT_FDCWD, file.path, [time, time], 0) == 0)
            #expect(FileVersion(path: file.path) != before)
        }
    }
}
