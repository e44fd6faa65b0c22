import AuditEvents
import Glibc

/// The condition of the logs.
extension LogFollower {
    /// The state of each pattern, in their order.
    public var states: [LogState] {
        var states = patterns.indices.map { index in
            var state = progress[index]
            state.readErrors = readErrors[index]
            state.truncations = truncations[index]
            state.notFollowed = notFollowed[index]
            state.unreadBytes = waitingBytes[index]
            return state
        }
        var isEmpty = patterns.map { _ in true }
        var failures: [String?] = patterns.map { _ in nil }
        for stream in streams {
            for index in stream.patterns {
                if !stream.isEmpty, !stream.isAbsent { isEmpty[index] = false }
                failures[index] = failures[index] ?? stream.readFailure
                states[index].unreadBytes = states[index].unreadBytes.addingSaturated(stream.unreadBytes)
                states[index].unreadRotated.merge(stream.unreadable) { $1 }
            }
            if let formats = ambiguousFormats(of: stream), let index = stream.patterns.min() {
                states[index].ambiguousFormats[stream.path] = formats
            }
        }
        for index in patterns.indices {
            states[index].problem =
                switch problems[index] {
                // During a rotation the previous file is still open.
                case .absent(let reason): isEmpty[index] ? reason : failures[index]
                case .unusable(let reason): reason
                case nil: failures[index]
                }
        }
        return states
    }

    /// The forms that several globs, or several paths, name for a log; it is read in the first one.
    private func ambiguousFormats(of stream: LogStream) -> [AuditFormat]? {
        guard stream.patterns.count > 1 else { return nil }
        let format = format(of: stream)
        guard stream.patterns.contains(where: { patterns[$0].format != format }) else { return nil }
        let areGlobs = stream.patterns.allSatisfy { patterns[$0].isGlob }
        let rivals = stream.patterns.filter { areGlobs || !patterns[$0].isGlob }
        let others = rivals.sorted().map { patterns[$0].format }.filter { $0 != format }
        return others.isEmpty ? nil : [format] + others
    }

    /// The directories to watch for changes.
    public var directories: Set<String> { Set(patterns.map(\.directory)).union(listings.keys) }

    /// Notes why a path that a flag names is not followed.
    mutating func note(_ failure: FileFailure, of path: String, in pattern: Int) {
        let reason = patterns[pattern].isGlob ? "\(path): \(failure)" : "\(failure)"
        if case .read = failure { readErrors[pattern] &+= 1 }
        if case .open(ENOENT) = failure {
            problems[pattern] = .absent(reason + patterns[pattern].remark)
        } else {
            problems[pattern] = .unusable(reason)
            notFollowed[pattern][path] = "\(failure)"
        }
    }
}
