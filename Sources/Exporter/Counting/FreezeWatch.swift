import Foundation
import Glibc

/// Notices that the process did not run for a long time: it was stopped (SIGSTOP, a frozen cgroup), or its machine was
/// suspended or paused. Prometheus then has no recent value of any counter, as after a long downtime, and new requests
/// that are counted at once would look like old ones. So the counts that were published last stand for a minute more.
///
/// A value without a clock of its own. It is looked at in short intervals compared with `Holdback.absence`, and before
/// anything is counted or published: time without a look is time without the process.
struct FreezeWatch: Sendable {
    /// The time by two clocks, in seconds.
    struct Reading: Sendable {
        /// Since 1970. The clock of a paused virtual machine stands still until it is set.
        var wall: Double
        /// Of the kernel's clock that goes on while the machine is suspended (CLOCK_BOOTTIME); it is never set.
        var boot: Double

        /// The present time.
        static func now() -> Reading {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return Reading(
                wall: Date.now.timeIntervalSince1970, boot: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
        }
    }

    private var last: Reading
    /// When the counts may change again, by `boot`.
    private var end = -Double.infinity

    /// - Parameter now: The first sign that the process runs.
    init(at now: Reading) {
        last = now
    }

    /// Notes that the process runs, and finds out whether it did not run before.
    ///
    /// - Returns: The seconds for which it did not run, if they were more than `Holdback.absence`.
    mutating func look(at now: Reading) -> Double? {
        let absence = max(now.wall - last.wall, now.boot - last.boot)
        last = now
        guard absence > Holdback.absence else { return nil }
        end = now.boot + Holdback.length / .seconds(1)
        return absence
    }

    /// Whether the counts must stand still at the time of the last look.
    var isHolding: Bool { last.boot < end }
}
