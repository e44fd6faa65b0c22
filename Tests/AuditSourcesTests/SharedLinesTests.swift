import Foundation
import TestSupport
import Testing

@testable import AuditSources

/// Logs that have lines in common are compared, so that a copy is not read again. Records of several lines have brackets in
/// common, and more.
@Suite("Records that are no line, in logs that are compared")
struct SharedLinesTests {
    enum Form: CaseIterable {
        case array, printed, list

        func text(_ ids: Range<Int>) -> String {
            let events = ids.map { String(LogDirectory.line($0).dropLast()) }
            switch self {
            case .array: return "[\n" + events.joined(separator: ",\n") + "\n]\n"
            case .printed:
                return events.map { "{\n" + $0.dropFirst().replacing(",\"", with: ",\n \"") + "\n" }.joined()
            case .list:
                return #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":["# + events.joined(separator: ",")
                    + "]}\n"
            }
        }
    }

    /// Reads until nothing is left, also what waits for the end of a record.
    private static func read(_ log: LogDirectory) {
        for _ in 0..<4 { log.read(after: 6) }
    }

    @Test("are read from each of several logs", arguments: Form.allCases, [100, 6_000])
    func several(form: Form, count: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.json"])
            for number in 0..<3 {
                let ids = number * count..<(number + 1) * count
                try Data(form.text(ids).utf8).write(to: directory.appending(path: "\(number).json"))
                Self.read(log)
                let isRead = Set(log.ids).isSuperset(of: ids)
                #expect(isRead, "log \(number): \(log.ids.count) events")
            }
            #expect(log.malformed == 0 && log.ids.count == 3 * count)
        }
    }

    @Test("are read from the log that takes the place of another one", arguments: Form.allCases, [true, false])
    func replaced(form: Form, isRotated: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(0..<1_000)
            Self.read(log)
            try Data((LogDirectory.line(5_000) + form.text(10_000..<16_000) + LogDirectory.line(5_001)).utf8)
                .write(to: directory.appending(path: "new"))
            if isRotated { try log.rename(to: "audit-2026-11-30T09-00-00.000.log") }
            try log.rename("new", to: "audit.log")
            Self.read(log)
            let isRight = log.ids.sorted() == Array(0..<1_000) + [5_000, 5_001] + Array(10_000..<16_000)
            #expect(isRight && log.malformed == 0, "\(log.ids.count) events, \(log.malformed) malformed")
        }
    }

    @Test(
        "are read when their log was written again with more of them",
        arguments: [(Form.array, 100), (.array, 6_000), (.printed, 100), (.printed, 6_000)], [true, false])
    func grown(log: (form: Form, count: Int), isInPlace: Bool) throws {
        let (form, count) = log
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            let file = directory.appending(path: "audit.log")
            try Data(form.text(0..<count).utf8).write(to: file)
            Self.read(log)
            #expect(log.ids.count == count)
            let more = Data(form.text(0..<count + 500).utf8)
            if isInPlace {
                let handle = try FileHandle(forWritingTo: file)
                try handle.write(contentsOf: more)
                try handle.close()
            } else {
                try more.write(to: directory.appending(path: "new"))
                try log.rename("new", to: "audit.log")
            }
            Self.read(log)
            let isRight = Set(log.ids) == Set(0..<count + 500)
            #expect(isRight && log.malformed == 0, "\(Set(log.ids).count) events, \(log.malformed) malformed")
        }
    }
}
