import Logging
import Synchronization

/// The number of messages of the exporter's own log, by level. Each number is an atomic, so that neither a message nor a
/// scrape waits for a standard error that is blocked.
final class LogMessages: Sendable {
    /// Those of the process.
    static let standard = LogMessages()

    private let debug = Atomic<UInt64>(0)
    private let info = Atomic<UInt64>(0)
    private let warn = Atomic<UInt64>(0)
    private let error = Atomic<UInt64>(0)

    /// Counts a message.
    func count(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: debug.add(1, ordering: .relaxed)
        case .info, .notice: info.add(1, ordering: .relaxed)
        case .warning: warn.add(1, ordering: .relaxed)
        case .error, .critical: error.add(1, ordering: .relaxed)
        }
    }

    /// The numbers, with the levels as `--log.level` names them.
    var counts: [(level: String, messages: UInt64)] {
        [
            ("debug", debug.load(ordering: .relaxed)), ("info", info.load(ordering: .relaxed)),
            ("warn", warn.load(ordering: .relaxed)), ("error", error.load(ordering: .relaxed)),
        ]
    }
}
