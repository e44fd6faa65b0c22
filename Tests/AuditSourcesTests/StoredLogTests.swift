import AuditEvents
import Compression
import Foundation
import TestSupport
import Testing

@testable import AuditSources

@Suite("Stored logs")
struct StoredLogTests {
    private struct Found: Equatable {
        var events: Set<String> = []
        var reading = LogReading()
        var storedBytes = 0

        mutating func read(_ part: LogPart, _ scanner: inout EventScanner, _ memory: inout PartMemory) {
            let found = part.read(
                with: &scanner, in: &memory, take: { events.insert($0.copy().auditID) }, report: { storedBytes += $0 })
            reading.add(found)
        }
    }

    /// Reads a file in parts, the last one first.
    private static func read(_ path: String, partSize: Int = 16 << 20) throws -> Found {
        let (logs, problems) = StoredLog.find([path])
        #expect(problems.isEmpty)
        let log = try #require(logs.first)
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        var memory = PartMemory()
        var found = Found()
        for part in try log.parts(of: partSize).reversed() {
            found.read(part, &scanner, &memory)
        }
        guard found.reading.needsWholeLog, let whole = try log.parts(of: partSize).first?.wholeLog else { return found }
        found = Found()
        found.read(whole, &scanner, &memory)
        return found
    }

    private static func text(_ number: Int) -> [UInt8] {
        [UInt8](AuditLine(from: ["192.0.2.1"], auditID: "event \(number)").text.utf8)
    }

    /// Lines with everything that logs were seen to hold: holes, torn lines, byte order marks, carriage returns.
    private static func oddLog() -> [UInt8] {
        var generator = SeededGenerator(seed: 7)
        var log: [UInt8] = [0xEF, 0xBB, 0xBF]
        for number in 0..<120 {
            let line = text(number)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: log += [UInt8](repeating: 0, count: Int.random(in: 1...700, using: &generator)) + line
            case 1: log += line.dropLast(Int.random(in: 1...300, using: &generator)) + text(1000 + number)
            case 2: log += line.dropLast() + [13, 10, 13, 10]
            case 3: log += Array("no\0\0event \n".utf8) + line
            case 4: log += Array("{\"no\0\0\0\0".utf8) + line
            default: log += line
            }
        }
        return log + text(5000).dropLast()
    }

    @Test("give the same result however they are cut into parts")
    func parts() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let log = Self.oddLog()
            try Data(log).write(to: file)
            let whole = try Self.read(file.path)
            #expect(whole.events.count > 100 && whole.reading.malformedCount > 10)
            #expect(whole.events.contains("event 5000"))
            #expect(whole.storedBytes == log.count)
            for size in [1, 2, 3, 97, 384, 385, 1000, 4096, log.count - 1, log.count] {
                let cut = try Self.read(file.path, partSize: size)
                #expect(cut.events == whole.events, "parts of \(size) bytes")
                #expect(cut.reading == whole.reading, "parts of \(size) bytes")
            }
        }
    }

    @Test("skip a line over 16 MiB, once, however they are cut into parts", arguments: [1 << 20, 5 << 20, 64 << 20])
    func oversized(partSize: Int) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let long = [UInt8](repeating: UInt8(ascii: "x"), count: 17 << 20)
            try Data(Self.text(1) + long + [10] + Self.text(2)).write(to: file)
            let found = try Self.read(file.path, partSize: partSize)
            #expect(found.events == ["event 1", "event 2"])
            #expect(found.reading.malformedCount == 1)
            #expect(found.reading.firstMalformed?.offset == Self.text(1).count)
        }
    }

    @Test(
        "have arrays and printed objects behind a first line, however they are cut into parts",
        arguments: ["[", "{", ""])
    func recordsOfManyLines(beginning: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            var log = Self.text(0)
            let texts = (1..<600).map { String(decoding: Self.text($0).dropLast(), as: UTF8.self) }
            switch beginning {
            case "[": log += Array(("[\n" + texts.joined(separator: ",\n") + "\n]\n").utf8)
            case "{":
                let printed = texts.map { "{\n" + $0.dropFirst().replacing(",\"", with: ",\n\"") + "\n" }
                log += Array(printed.joined().utf8)
            // A line of 17 MiB with an item that is long.
            default:
                let long = #"{"a":""# + String(repeating: "x", count: 17 << 20) + #""}"#
                log += Array(("[" + texts.joined(separator: ",") + "," + long + "]\n").utf8)
            }
            log += Self.text(600)
            try Data(log).write(to: file)
            let whole = try Self.read(file.path, partSize: log.count)
            #expect(whole.events.contains("event 1") && whole.events.contains("event 600"))
            if !beginning.isEmpty {
                #expect(whole.events.count == 601 && whole.reading.malformedCount == 0)
            }
            for size in [1, 97, 1000, 100_000, log.count - 1] where size > 1000 || !beginning.isEmpty {
                #expect(try Self.read(file.path, partSize: size) == whole, "parts of \(size) bytes")
            }
        }
    }

    @Test("have as many malformed lines however they are cut into parts, envelopes without wanted events included")
    func envelopesWithoutEvents() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let envelope = #"{"log":"{\"apiVersion\":\"audit.k8s.io/v1\"}\n","stream":"stdout","time":"x"}"# + "\n"
            var log = Array(envelope.utf8)
            for number in 1..<9_000 { log += Self.text(number) + Array(envelope.utf8) }
            try Data(log).write(to: file)
            let whole = try Self.read(file.path, partSize: log.count)
            #expect(whole.reading.firstWrapped != nil)
            for size in [1000, 4096, 1 << 20] {
                let cut = try Self.read(file.path, partSize: size)
                #expect(cut.reading.malformedCount == whole.reading.malformedCount, "parts of \(size) bytes")
                #expect(cut.reading.firstMalformed == whole.reading.firstMalformed)
            }
        }
    }

    @Test("have events of any length, and none within an event, however they are cut into parts")
    func longLines() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            let read = OpenLog.readSize
            /// An event of another user, whose object has an item that lies at the ends of reads and looks like an event.
            func forgery(after count: Int) throws -> [UInt8] {
                var line = AuditLine(from: ["192.0.2.9"], auditID: "forgery")
                line.username = "alice"
                line.groups = ["system:authenticated"]
                let text = line.text
                let status = try #require(text.range(of: #""responseStatus""#))
                var log = Array((text[..<status.lowerBound] + #""requestObject":{"items":[""#).utf8)
                // The line is passed on in the read in which it has a whole MiB.
                let start = (count / read + 5) * read
                log += Array(String(repeating: "x", count: start - count - log.count - 2).utf8)
                log += Array("\",".utf8)
                let item = AuditLine(from: ["192.0.2.66"], auditID: "forged").text.dropLast(2)
                let pad = #","annotations":{"a":""#
                log += Array((item + pad).utf8)
                log += Array(String(repeating: "y", count: (1 << 20) - item.utf8.count - pad.utf8.count - 3).utf8)
                log += Array((#""}}]},"# + text[status.lowerBound...]).utf8)
                return log
            }
            var log = Self.text(1)
            log += try forgery(after: log.count)
            var long = AuditLine(from: ["192.0.2.1"], auditID: "long")
            long.message = String(repeating: "m", count: 3 << 20)
            log += Array(long.text.utf8)
            for number in 2..<8_000 { log += Self.text(number) }
            try Data(log).write(to: file)
            let expected = Set((1..<8_000).map { "event \($0)" }).union(["long"])
            for size in [1 << 20, 4 << 20, log.count - 1, log.count] {
                let found = try Self.read(file.path, partSize: size)
                #expect(found.events == expected, "parts of \(size) bytes")
                #expect(found.reading.malformedCount == 0)
                #expect(found.reading.lines == 8_001)
            }
        }
    }

    @Test("are decompressed by their content, whatever their name is")
    func compressed() throws {
        try withTemporaryDirectory { directory in
            let log = Self.oddLog()
            let file = directory.appending(path: "audit.log")
            try Data(log).write(to: file)
            let plain = try Self.read(file.path)
            let packed = Gzip.compress(log)
            try Data(packed).write(to: file)
            let found = try Self.read(file.path, partSize: 100)
            #expect(found.events == plain.events && found.reading == plain.reading)
            #expect(found.storedBytes == packed.count)
        }
    }

    @Test("count up to where a compressed one is damaged, and name the byte")
    func damaged() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log.gz")
            let packed = Gzip.compress((0..<2000).flatMap(Self.text))
            try Data(packed.prefix(packed.count / 2)).write(to: file)
            let found = try Self.read(file.path)
            #expect(found.events.count > 500)
            #expect(
                found.reading.problem?.reason
                    == "compressed data ends too early, at byte \(packed.count / 2) of the file; the events before it count"
            )
            var broken = packed
            broken.replaceSubrange(packed.count / 2..<packed.count / 2 + 40, with: [UInt8](repeating: 0xFF, count: 40))
            try Data(broken).write(to: file)
            let reason = try #require(try Self.read(file.path).reading.problem?.reason)
            let byte = try #require(
                reason.firstMatch(of: /corrupt: .*, at byte (\d+) of the file/).flatMap { Int($0.1) })
            #expect(byte >= packed.count / 2 && byte <= packed.count, "\(reason)")
        }
    }

    @Test("are told from other files by their lines")
    func otherFiles() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file")
            let holdsEvents = { (text: String) in
                try Data(text.utf8).write(to: file)
                return try Self.read(file.path).reading.holdsAuditEvents
            }
            var allowed = AuditLine(from: ["192.0.2.1"])
            allowed.code = 200
            #expect(try holdsEvents(allowed.text))
            #expect(try holdsEvents(allowed.text + String(allowed.text.dropLast(40))))
            #expect(try !holdsEvents(#"{"level":"info","msg":"hello"}"# + "\n"))
            #expect(try !holdsEvents("hello\n"))
            // Of another stream of a cluster.
            let embedded = allowed.text.dropLast().replacing("\"", with: "\\\"")
            #expect(
                try !holdsEvents(
                    #"{"messageType":"DATA_MESSAGE","logStream":"authenticator-1","logEvents":[{"message":"\#(embedded)"}]}"#
                ))
            #expect(try !holdsEvents(""))
            for name in ["cri.log", "docker-json.log", "gelf.log"] {
                let reading = try Self.read(Fixture.url("envelopes/\(name)").path).reading
                #expect(!reading.holdsAuditEvents, "\(name)")
                #expect(reading.firstMalformed?.shape != nil, "\(name)")
            }
        }
    }

    @Test("are found by path, glob and directory, each file once")
    func find() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path
            try FileManager.default.createDirectory(atPath: "\(path)/old", withIntermediateDirectories: true)
            for name in ["a.log", "b.log", "b[1].log", ".hidden", "old/c.log"] {
                try Data(name.utf8).write(to: directory.appending(path: name))
            }
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/link.log", withDestinationPath: "\(path)/a.log")
            let find = { (arguments: [String]) in
                let (logs, problems) = StoredLog.find(arguments.map { $0 == "-" ? $0 : "\(path)/\($0)" })
                return logs.map { String($0.path.dropFirst($0.path == "-" ? 0 : path.count + 1)) }
                    + problems.map { "\($0)".replacing(path + "/", with: "") }
            }
            #expect(find(["b.log", "-", "a.log", "-"]) == ["b.log", "-", "a.log"])
            #expect(find([""]) == ["a.log", "b.log", "b[1].log"])
            #expect(find(["*.log", "link.log"]) == ["a.log", "b.log", "b[1].log"])
            #expect(find(["b[1].log"]) == ["b[1].log"])
            #expect(find(["*/*.log"]) == ["old/c.log"])
            #expect(find(["none"]) == ["none: no such file or directory; check the path"])
            #expect(find(["*.gz", "a.log"]) == ["a.log", "*.gz: no file matches this glob; check the path"])
            #expect(find(["ol*"]) == ["ol*: this glob matches only directories; add /* for the files in them"])
        }
    }

    @Test("that cannot be found in a directory have a reason")
    func emptyDirectory() throws {
        try withTemporaryDirectory { directory in
            let find = {
                StoredLog.find([directory.path]).problems.map {
                    "\($0)".replacing(directory.path, with: "logs")
                }
            }
            #expect(
                find() == [
                    "logs: the directory holds no files; name the directory of the API server's --audit-log-path"
                ])
            try FileManager.default.createDirectory(
                at: directory.appending(path: "node-1"), withIntermediateDirectories: true)
            #expect(
                find() == [
                    "logs: the directory holds only directories, which are not searched; name them, or give a glob such as "
                        + "'logs/*/*'"
                ])
        }
    }

    @Test("that may not be read say so")
    func permissions() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            try Data(Self.text(1)).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file.path)
            try asNobody {
                let reading = try Self.read(file.path).reading
                #expect(
                    reading.problem.map { "\($0)" }
                        == "\(file.path): permission denied; run as a user who may read it")
            }
        }
    }
}
