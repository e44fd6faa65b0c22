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

    @Test("reports malformed lines by file and position, limited per minute")
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
        log.flush()
        #expect(
            Lines.texts(lines.all) == [
                #"level=warn msg="Messages were suppressed" about="malformed and oversized lines" count=7 "#
                    + #"limit="10 per minute""# + "\n"
            ])
        log.flush()
        #expect(lines.all.isEmpty, "each is reported once")
    }

    @Test("counts the malformed lines of a batch that are not described as suppressed")
    func undescribed() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        log.note(Samples.batch([], malformed: 50_000))
        log.flush()
        #expect(lines.all.last?.contains("count=50000 ") == true, "\(lines.all.last ?? "nothing was logged")")
    }

    @Test("reports suppressed messages when the minute is over, also if no other message follows")
    func suppressed() {
        let lines = Lines()
        let time = Mutex(ContinuousClock.now)
        let pending = Mutex<[@Sendable () -> Void]>([])
        let log = LimitedLog(
            lines.logger(), about: "tests", limit: 2, now: { time.withLock { $0 } },
            after: { _, work in pending.withLock { $0.append(work) } })
        let pass = { (seconds: Int) in time.withLock { $0 += .seconds(seconds) } }
        for _ in 0..<5 { log.log(.info, "x") }
        #expect(lines.all.count == 2)
        #expect(pending.withLock { $0.count } == 1)
        pass(60)
        for work in pending.withLock({ $0 }) { work() }
        let report = #"level=warn msg="Messages were suppressed" about=tests count=3 limit="2 per minute""# + "\n"
        #expect(Lines.texts(lines.all) == [report])
        // The end of the next minute comes late; the next message reports for it.
        for _ in 0..<5 { log.log(.info, "x") }
        pass(61)
        log.log(.info, "x")
        #expect(Lines.texts(lines.all).filter { $0 != "level=info msg=x\n" } == [report])
        for work in pending.withLock({ $0 }) { work() }
        #expect(lines.all.isEmpty)
    }

    @Test("is limited to a number of messages per minute, which begins with the first one")
    func rate() {
        var rate = LogRate(limit: 1)
        let start = ContinuousClock.now
        let decisions = [0, 50, 59, 60].map { rate.admit(at: start + .seconds($0)) }
        #expect(decisions == [.write, .suppressFirst(remaining: .seconds(10)), .suppress, .write])
        #expect(rate.takeSuppressed() == 2)
        #expect(rate.takeSuppressed() == 0)
    }

    @Test("says once which logs are followed, where they are begun, and when and with how many lines they were read")
    func progress() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        let starts = [
            LogStart(path: "a.log", place: .start(.beginning)), LogStart(path: "b.log", place: .start(.end)),
            LogStart(path: "c.log", place: .resumed(offset: 300)),
        ]
        log.note([LogState(log: "*.log")])
        log.note([LogState(log: "*.log", unreadBytes: 50, starts: Array(starts.prefix(1)))])
        log.note([LogState(log: "*.log", unreadBytes: 9, starts: starts, lines: 3, events: 1)])
        for _ in 0..<2 { log.note([LogState(log: "*.log", starts: starts, lines: 4, events: 2)]) }
        log.note([LogState(log: "*.log", unreadBytes: 7, starts: starts, lines: 5, events: 2)])
        log.note([LogState(log: "*.log", starts: starts, lines: 6, events: 2)])
        #expect(
            Lines.texts(lines.all) == [
                #"level=info msg="Following log" from="its beginning" log=a.log"# + "\n",
                #"level=info msg="Following log" from="its end" log=b.log"# + "\n",
                #"level=info msg="Following log" from="byte 300, up to which it was read before" log=c.log"# + "\n",
                #"level=info msg="Log was read to its end; new lines are read as they are written" lines=4 log=*.log "#
                    + "matching_events=2\n",
            ])
    }

    @Test("counts its messages by level, without those below it")
    func messages() {
        let messages = LogMessages()
        let pipe = Pipe()
        let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { _ in
            LineLogHandler(level: .info, format: .logfmt, writer: writer, messages: messages)
        }
        #expect(messages.counts.map(\.level) == ["debug", "info", "warn", "error"])
        logger.debug("no")
        logger.info("one")
        logger.notice("two")
        logger.warning("three")
        logger.critical("four")
        // Afterwards the pipe is closed, and its descriptor is another test's.
        defer { withExtendedLifetime(pipe) { _ = writer.flush(within: .seconds(10)) } }
        #expect(messages.counts.map(\.messages) == [0, 2, 1, 1])
    }

    @Test("reports once per log what lines look like that are no events, and what to do")
    func shapes() throws {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        for _ in 0..<3 {
            for (path, shape) in [("a", RecordShape.dockerLog), ("b", .dockerLog), ("b", .syslog), ("b", nil)] {
                var batch = Samples.batch([])
                batch.path = path
                batch.scanned.malformed = [MalformedEvent(offset: 0, reason: "not an audit event", shape: shape)]
                log.note(batch)
            }
        }
        let notices = Lines.texts(lines.all).filter { $0.contains("not bare audit events") }
        #expect(notices.count == 3)
        let first = try #require(notices.first)
        #expect(first.contains(#"looks_like="a container log (Docker json-file)""#))
        #expect(first.contains("log=a") && first.contains("--audit-log-path"))
    }

    @Test("reports once per log which format its records need, and not each of them")
    func formats() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        for offset in 0..<3 {
            var batch = Samples.batch([])
            batch.path = "a"
            batch.scanned.malformed = [
                MalformedEvent(offset: offset, reason: "an envelope", shape: .shipper, format: .fluentBit)
            ]
            log.note(batch)
        }
        #expect(
            Lines.texts(lines.all) == [
                #"level=warn msg="Events in envelopes are counted as malformed" hint="use --audit.log fluent-bit:a, "#
                    + "or --audit.format fluent-bit for all logs; what was read before stays uncounted, so search it with "
                    + #"scan" "#
                    + "log=a looks_like=fluent-bit\n"
            ])
    }

    @Test("reports that standard input has ended, which is not tried again, and the formats of a log that has two")
    func endAndFormats() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        var state = LogState(log: "x")
        state.ambiguousFormats = ["x": [.eks, .cri]]
        log.note([LogState(log: "-", problem: "it has ended"), state])
        #expect(
            Lines.texts(lines.all) == [
                #"level=warn msg="Standard input is not read any more; restart the exporter together with the program "#
                    + #"that writes to it" log=- reason="it has ended""# + "\n",
                #"level=warn msg="Log is named with several formats; reading it in the first one" formats=eks,cri log=x"#
                    + "\n",
            ])
    }

    @Test("reports once per log that its events are inexact")
    func inexact() {
        let lines = Lines()
        let log = ReadingLog(logger: lines.logger())
        var event = Samples.event(1)
        event.hasCompleteIdentity = false
        for path in ["audit.log", "audit-2026-11-23T23-14-34.953.log", "audit.log"] {
            var batch = Samples.batch([event], positions: [Samples.position(1)])
            batch.path = path
            log.note(batch)
        }
        log.note(Samples.batch([Samples.event(2)]))
        let written = Lines.texts(lines.all)
        #expect(written.count == 1)
        #expect(written.first?.contains("counting each of them as a request") == true)
        #expect(written.first?.contains("log=audit.log") == true)
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
                "level=warn msg=\"Log cannot be read; trying again at least once a second\" log=x reason=gone\n",
                "level=warn msg=\"Log cannot be read; trying again at least once a second\" log=x reason=locked\n",
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
