/// Decides when changed files are read again. A value: observed versions and times are passed
/// in, and it does not access the disk.
///
/// A program that writes a file empties it first: read at that moment, a filter has no entries and a web configuration
/// no users. Changed files are therefore read when two looks, `settlingTime` apart, have found the same versions.
public struct FileChanges: Sendable {
    /// How long versions must stay the same before the files are read.
    public static let settlingTime: Duration = .milliseconds(400)
    /// How long after an unsuccessful read unchanged files are tried again: the reason may lie outside of them.
    public static let retryTime: Duration = .seconds(10)

    /// The action after a look.
    public enum Decision: Sendable, Hashable {
        /// The files are those that were read last.
        case leave
        /// The files changed a moment ago; look again after this time.
        case wait(Duration)
        /// Read the files now.
        case read
    }

    private var read: FileVersions
    private var seen: FileVersions
    private var seenSince: ContinuousClock.Instant
    private var retryAt: ContinuousClock.Instant?

    /// - Parameters:
    ///   - versions: The versions that were read at the start.
    ///   - now: The time of that.
    public init(_ versions: FileVersions, at now: ContinuousClock.Instant) {
        read = versions
        seen = versions
        seenSince = now
    }

    /// The files to look at.
    public var files: [String] { Array(read.paths) }

    /// The versions that were read last; `nil` while others were seen.
    public var unchanged: FileVersions? { seen == read ? read : nil }

    /// Notes a look at the files.
    ///
    /// - Parameters:
    ///   - versions: The versions that were seen.
    ///   - now: The time of the look.
    ///   - isRequested: Whether a reload was requested, even if the files have not changed.
    public mutating func look(
        _ versions: FileVersions, at now: ContinuousClock.Instant, isRequested: Bool = false
    ) -> Decision {
        if versions != seen {
            seen = versions
            seenSince = now
        }
        let isWanted = isRequested || versions != read || retryAt.map { now >= $0 } ?? false
        guard isWanted else { return .leave }
        let age = seenSince.duration(to: now)
        return age >= Self.settlingTime ? .read : .wait(Self.settlingTime - age)
    }

    /// Notes that files were read.
    ///
    /// - Parameters:
    ///   - versions: The versions that were read.
    ///   - isUsable: Whether their content can be used.
    ///   - now: The time.
    public mutating func didRead(_ versions: FileVersions, isUsable: Bool, at now: ContinuousClock.Instant) {
        if versions != seen {
            seen = versions
            seenSince = now
        }
        read = versions
        retryAt = isUsable ? nil : now + Self.retryTime
    }
}
