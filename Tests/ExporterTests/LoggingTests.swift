import AuditEvents
import AuditSources
import Foundation
import Logging
import Synchronization
import Testing

@testable import Exporter

@Suite("The exporter's own log")
struct LoggingTests {
    /// A log with readable lines.
    private final class Lines: Sendable {
        private let pipe = Pipe()
        private let writer: LineWriter

        init() {
            writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        }

        /// The lines since the last call.
        var all: [String] {
            writer.flush(within: .seconds(10))
            // Otherwise there may be nothing to read.
            pipe.fileHandleForWriting.write(Data([0]))
            var bytes: [UInt8] = []
            while bytes.last != 0 { bytes += Array(pipe.fileHandleForReading.availableData) }
            return String(decoding: bytes.dropLast(), as: UTF8.self).split(separator: "\n").map { "\($0)\n" }
        }

        func logger(_ format: LogFormat = .logfmt, level: Logger.Level = .info) -> Logger {
            Logger(label: "test") { _ in LineLogHandler(level: level, format: format, writer: self.writer) }
        }

        /// Without the time.
        static func texts(_ lines: [String]) -> [String] {
            lines.map { $0.split(separator: " ", maxSplits: 1).dropFirst().joined() }
        }
    }

    @Test("is logfmt, quoted if necessary, and one line whatever it contains")
    func logfmt() {
        #expect(
            LogFormat.logfmt.line([
                ("a", "plain/text:1"), ("b", "two words"), ("c", ""), ("d", "a=b"), ("e", "say \"x\" \\"),
                ("f", "line\nfeed\r\t\u{1B}[31m\u{202E}é"),
            ])
                == #"a=plain/text:1 b="two words" c="" d="a=b" e="say \"x\" \\" "#
                + #"f="line\nfeed\r\t\u001b[31m\u202eé""# + "\n")
    }

    @Test("is JSON from which any text can be read back")
    func json() throws {
        let texts = ["plain", "", "\"\\\n\r\t\u{0}\u{1B}", "é😀\u{E0001}\u{2028}", "</script>"]
        let line = LogFormat.json.line(texts.enumerated().map { ("key\($0)", $1) })
        #expect(line.utf8.filter { $0 == 10 }.count == 1)
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object == Dictionary(uniqueKeysWithValues: texts.enumerated().map { ("key\($0)", $1) }))
    }

    @Test("has time, level, message and details, and omits lines below its level")
    func handler() throws {
        let lines = Lines()
        let logger = lines.logger(level: .warning)
        logger.info("Not this")
        logger.warning("This", metadata: ["b": "2", "a": "1 1"])
        let written = lines.all
        #expect(Lines.texts(written) == ["level=warn msg=This a=\"1 1\" b=2\n"])
        let time = try #require(written.first?.dropFirst("ts=".count).prefix { $0 != " " })
        let date = try Date(String(time), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(date.timeIntervalSinceNow) < 60)
    }

    @Test("reports malformed lines by file and position, limited per minute with the number of omitted ones")
    func malformed() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        var scanned = ScannedEvents()
        scanned.malformed = (0..<16).map { MalformedEvent(offset: $0, reason: "not a JSON object") }
        log.note(InputBatch(input: .file, path: "/a b", scanned: scanned, bytes: 0, oversizedLines: [99]))
        let written = lines.all
        #expect(written.count == 10)
        #expect(
            Lines.texts(written).first
                == #"level=warn msg="Malformed audit event skipped" log="/a b" offset=0 reason="not a JSON object""#
                + "\n")
        var rate = LogRate(limit: 1)
        let start = ContinuousClock.now
        let admitted = [0, 59, 59, 60].map { rate.admit(at: start + .seconds($0)) }
        #expect(admitted.map(\.isAdmitted) == [true, false, false, true])
        #expect(admitted.map(\.suppressed) == [0, 0, 0, 2])
    }

    @Test("reports once that a log cannot be read, and once that it can be read again")
    func conditions() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        for problem in [nil, "gone", "gone", "locked", nil, nil] as [String?] {
            log.note([LogState(log: "x", problem: problem), LogState(log: "y")])
        }
        #expect(
            Lines.texts(lines.all) == [
                "level=warn msg=\"Log cannot be read\" log=x reason=gone\n",
                "level=warn msg=\"Log cannot be read\" log=x reason=locked\n",
                "level=info msg=\"Log can be read again\" log=x\n",
            ])
    }

    @Test("delays nobody when standard error is blocked, drops lines past a limit, and counts them")
    func blocked() throws {
        let pipe = Pipe()
        let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, limit: 64 << 10)
        let logger = Logger(label: "test") { _ in LineLogHandler(level: .info, format: .logfmt, writer: writer) }
        let long = String(repeating: "x", count: 1000)
        let start = ContinuousClock.now
        // A pipe takes 64 KiB, and as much again waits.
        for number in 0..<1000 { logger.info("\(long)", metadata: ["number": "\(number)"]) }
        #expect(ContinuousClock.now - start < .seconds(5))
        let dropped = writer.droppedLines
        #expect(dropped > 800)
        #expect(!writer.flush(within: .milliseconds(50)))

        var read = Data()
        while read.count(where: { $0 == 10 }) < 1000 - Int(dropped) { read += pipe.fileHandleForReading.availableData }
        #expect(writer.flush(within: .seconds(10)))
        logger.info("after")
        #expect(writer.flush(within: .seconds(10)))
        read += pipe.fileHandleForReading.availableData
        let text = String(decoding: read, as: UTF8.self)
        #expect(text.contains("msg=after"))
        // Some may have been reported before the last line.
        let reported = text.matches(of: /dropped_lines=(\d+)\n/).compactMap { UInt64($0.1) }
        #expect(reported.reduce(0, +) == dropped)
        #expect(writer.droppedLines == dropped)
    }
}
