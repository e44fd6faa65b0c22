import Compression
import Glibc

/// Compressed logs that are decompressed once to decide whether they must be read.
struct ArchiveSurveys {
    private struct Survey {
        let file: LogFile
        let format: CompressionFormat
        /// `nil` until its turn comes.
        var work: ArchiveSurvey?

        /// Whether it may contain missing lines of a log.
        func isBeside(_ log: String) -> Bool {
            file.path == log || LogNames.isRotated(path: file.path, of: log)
        }
    }

    /// What a survey decided.
    enum Decision {
        /// It is read, behind the last of these positions.
        case read(ArchivedLog, behind: [FilePosition])
        /// All of it was read.
        case passOver(LogFile, behind: [FilePosition])
        /// It waits until it has changed, or for a minute: it is incomplete, or an open file has the same content.
        case wait(LogFile)
        /// All of it was read that can be decompressed; the rest is lost.
        case corrupt(LogFile, reason: String, behind: [FilePosition])
        case failed(FileFailure)
    }

    /// How long an incomplete file waits that does not change.
    private static let delay: Duration = .seconds(60)
    /// How often a file waits for an open one with the same content, and how long each time. After that it is read.
    private static let turns = 30
    private static let turn: Duration = .seconds(2)

    private var surveys: [Survey] = []
    // Files that wait, by inode.
    private var waiting:
        [Inode: (path: String, version: FileVersion, isIncomplete: Bool, until: ContinuousClock.Instant)] = [:]
    // How often files have waited for open ones, by inode.
    private var waits: [Inode: Int] = [:]

    var count: Int { surveys.count }

    func contains(_ inode: Inode) -> Bool {
        surveys.contains { $0.file.inode == inode }
    }

    /// Whether a file was surveyed and must not be surveyed again yet.
    func isWaiting(_ version: FileVersion, at now: ContinuousClock.Instant) -> Bool {
        waiting[version.inode].map { $0.version == version && now < $0.until } ?? false
    }

    /// Whether a waiting file of a log must be examined again.
    func isDue(_ path: String, at now: ContinuousClock.Instant) -> Bool {
        waiting.values.contains { $0.path == path && $0.until <= now }
    }

    /// Whether compressed files of a stream are being surveyed. Its other files wait.
    func isBusy(_ path: String) -> Bool {
        surveys.contains { $0.file.path == path }
    }

    /// Whether a compressed file may still turn out to contain missing lines of a log.
    func isUndecided(beside log: String) -> Bool {
        surveys.contains { $0.isBeside(log) }
            || waiting.values.contains {
                $0.version.size > 0 && ($0.path == log || LogNames.isRotated(path: $0.path, of: log))
            }
    }

    /// Whether a file is cut off for good: it was incomplete a minute ago, has not changed since, and its original is
    /// removed. While the original exists, its compression may continue.
    private func isSettled(_ file: LogFile, at now: ContinuousClock.Instant) -> Bool {
        guard let before = waiting[file.inode], before.isIncomplete, before.until <= now,
            (try? file.version()) == before.version
        else { return false }
        let original = LogNames.withoutCompressionSuffix(file.name)
        return original == file.name || access(original, F_OK) != 0
    }

    mutating func begin(_ file: LogFile, _ format: CompressionFormat) {
        guard !contains(file.inode) else { return }
        surveys.append(Survey(file: file, format: format))
    }

    /// Begins again, because a file that may have been the original of compressed ones has other content now.
    mutating func restart(beside log: String, at now: ContinuousClock.Instant) {
        for index in surveys.indices where surveys[index].isBeside(log) { surveys[index].work = nil }
        for (inode, file) in waiting where file.path == log || LogNames.isRotated(path: file.path, of: log) {
            waiting[inode]?.until = now
        }
    }

    /// Forgets waiting files that were removed.
    mutating func forget(besides listed: Set<Inode>) {
        waiting = waiting.filter { listed.contains($0.key) }
        waits = waits.filter { waiting[$0.key] != nil || contains($0.key) }
    }

    /// Does one step of a stream's oldest survey.
    ///
    /// - Returns: `nil` if more steps are needed.
    mutating func advance(
        _ path: String, known: KnownPositions, followed: [LogFile], at now: ContinuousClock.Instant
    ) -> Decision? {
        guard let index = surveys.firstIndex(where: { $0.file.path == path }) else { return nil }
        let (file, format) = (surveys[index].file, surveys[index].format)
        let work = surveys[index].work ?? ArchiveSurvey(file, format, isSettled: isSettled(file, at: now))
        surveys[index].work = work
        let isPatient = waits[file.inode, default: 0] < Self.turns
        guard let finding = work.advance(known: known.positions, followed: isPatient ? followed : []) else {
            return nil
        }
        surveys.remove(at: index)
        waiting[file.inode] = nil
        switch finding {
        case .unread(let archive, let held): return .read(archive, behind: held)
        case .read(let held): return .passOver(file, behind: held)
        case .corrupt(let reason, let held): return .corrupt(file, reason: reason, behind: held)
        case .failed(let failure): return .failed(failure)
        case .followed, .incomplete:
            do throws(FileFailure) {
                var (delay, isIncomplete) = (Self.delay, true)
                if case .followed = finding {
                    (delay, isIncomplete) = (Self.turn, false)
                    waits[file.inode, default: 0] += 1
                }
                waiting[file.inode] = (file.path, try file.version(), isIncomplete, now + delay)
            } catch {
                return .failed(error)
            }
            return .wait(file)
        }
    }
}
