import ConfigurationFiles
import Dispatch
import HTTPServing
import Logging
import Synchronization

/// The owner of all files that flags name: the configurations of the servers, with their certificates, the filter, and
/// the location database. It reads them again when they change and when a reload is requested.
///
/// Each file is read on a queue of its own, one read at a time, and its content is in use before the next read begins:
/// an older version cannot replace a newer one, and a file system that does not answer holds up nothing but its files.
/// New content goes to the pipeline as a value.
actor ReloadableFiles {
    /// How often a file is looked at while it is being written, or if the system does not report its changes.
    static let interval: Duration = .milliseconds(500)
    /// How long after a requested reload the next one begins.
    static let pause: Duration = .seconds(1)
    /// How long a requested reload waits for a file to be written, or for a file system to answer.
    static let patience: Duration = .seconds(10)

    private struct Entry {
        let file: ReloadableFile
        let queue: DispatchQueue
        var changes: FileChanges
        /// Reports changes after the content in use was read; `nil` if the file must be looked at.
        var watcher: FileWatcher?
        /// Whether a watcher was not possible.
        var isUnreported = false
        /// Why the newest content is not in use.
        var problem: Problem?
        /// The check that runs or waits last; the next one begins after it.
        var last: Task<Void, Never>?
        /// A requested check that has not begun.
        var requested: Task<Problem?, Never>?
        /// A check by the timer that has not ended.
        var timed: Task<Problem?, Never>?
    }

    private struct Problem: Sendable, Hashable {
        let text: String
        /// Whether it was found by a requested reload.
        var wasRequested = false
    }

    private let status: StatusBoard
    private let logger: Logger
    private let now: @Sendable () -> Double
    private let clock: @Sendable () -> ContinuousClock.Instant
    private var entries: [Entry]
    private var running: Task<[String], Never>?
    private var next: Task<[String], Never>?
    private var lastReload: ContinuousClock.Instant?
    private let reloads: LimitedLog

    /// - Parameters:
    ///   - files: The files, as they were read at the start.
    ///   - status: Shows which files are not in use in their newest version.
    ///   - logger: The exporter's log.
    ///   - now: The exporter's clock, in seconds since 1970.
    ///   - clock: Measures how long a file has not changed.
    init(
        _ files: [ReloadableFile], status: StatusBoard, logger: Logger, now: @escaping @Sendable () -> Double,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.status = status
        self.logger = logger
        reloads = LimitedLog(logger, about: "reloads that were requested")
        self.now = now
        self.clock = clock
        let start = clock()
        entries = files.map {
            Entry(
                file: $0, queue: DispatchQueue(label: "ReloadableFiles\($0.flag)"),
                changes: FileChanges($0.versions, at: start))
        }
        status.update { status in
            status.certificates = files.compactMap { file in
                file.server.map { CertificateStatus(server: $0.name, isCurrent: true, notAfter: $0.tls.notAfter) }
            }
        }
    }

    // MARK: On a change

    /// Looks at files when they change, until the task is cancelled.
    func watch() async {
        await withTaskGroup { group in
            for index in entries.indices {
                group.addTask { [self] in
                    while !Task.isCancelled {
                        await waitForLook(at: index)
                        await look(at: index)
                    }
                }
            }
        }
    }

    /// Returns when it is time for a look at a file.
    private func waitForLook(at index: Int) async {
        guard let watcher = entries[index].watcher, let versions = entries[index].changes.unchanged else {
            try? await Task.sleep(for: Self.interval)
            return
        }
        // A file with an error is tried again.
        let retryTime = entries[index].problem == nil ? nil : FileChanges.retryTime
        await watcher.change(from: versions, within: retryTime)
    }

    /// Begins to watch a file whose newest version was read.
    private func startWatcher(_ index: Int) async {
        guard entries[index].watcher == nil, !entries[index].isUnreported,
            let versions = entries[index].changes.unchanged
        else { return }
        let watcher = await entries[index].queue.run { FileWatcher(Array(versions.paths)) }
        entries[index].watcher = watcher
        entries[index].isUnreported = watcher == nil
    }

    /// Ends the watch for changes of the versions that were read before.
    private func endWatcher(_ index: Int) {
        entries[index].watcher?.stop()
        entries[index].watcher = nil
        entries[index].isUnreported = false
    }

    /// Looks once at each file, and reads those that changed and are complete.
    func look() async {
        for index in entries.indices { await look(at: index) }
    }

    private func look(at index: Int) async {
        // One is waiting for a file system that does not answer.
        guard entries[index].timed == nil else { return }
        let check = startCheck(index, isRequested: false)
        entries[index].timed = check
        if await Self.value(of: check, within: Self.patience) == nil, !Task.isCancelled {
            logger.warning(
                "File system does not answer; the previous version of the file stays active",
                metadata: ["flag": "\(entries[index].file.flag)"])
        }
    }

    // MARK: By request

    /// Reads all files again, even if they seem unchanged. Requests that arrive before a reload begins share it, and
    /// reloads begin at least `pause` apart.
    ///
    /// - Returns: The errors of files that cannot be used, each with its flag; empty if all can.
    func reload() async -> [String] {
        if let next { return await next.value }
        let previous = running
        let reload = Task {
            _ = await previous?.value
            if let lastReload { try? await Task.sleep(until: lastReload + Self.pause, clock: .continuous) }
            running = next
            next = nil
            let problems = await reloadAll()
            lastReload = .now
            return problems
        }
        next = reload
        return await reload.value
    }

    private func reloadAll() async -> [String] {
        let checks = entries.indices.map { index -> Task<Problem?, Never>? in
            // One of an earlier reload is waiting for a file system that does not answer.
            guard entries[index].requested == nil else { return nil }
            let check = startCheck(index, isRequested: true)
            entries[index].requested = check
            return check
        }
        var problems: [Problem] = []
        // Longer than a check waits for a file to be written.
        let deadline = ContinuousClock.now + Self.patience * 2
        for (index, check) in checks.enumerated() {
            let remaining = max(.zero, ContinuousClock.now.duration(to: deadline))
            if let check, let problem = await Self.value(of: check, within: remaining) {
                if let problem { problems.append(problem) }
            } else {
                let problem = Problem(
                    text: "\(entries[index].file.flag): the file system does not answer; ask again later",
                    wasRequested: true)
                set(problem, for: index)
                problems.append(problem)
            }
        }
        status.update { [now, problems] status in
            status.reload.count(isSuccessful: problems.isEmpty)
            if problems.isEmpty, status.reload.isSuccessful { status.reload.lastSuccess = now() }
        }
        let texts = problems.map(\.text)
        log(texts)
        return texts
    }

    private func log(_ problems: [String]) {
        guard !problems.isEmpty else {
            reloads.log(.info, "Configuration was reloaded")
            return
        }
        reloads.log(
            .error, "Configuration cannot be reloaded completely; files with errors keep their previous version",
            metadata: ["reason": "\(problems.joined(separator: "; "))"])
    }

    /// Reports the messages suppressed so far.
    nonisolated func flushLog() { reloads.flush() }

    // MARK: One file

    /// Starts a check after those that were started before.
    private func startCheck(_ index: Int, isRequested: Bool) -> Task<Problem?, Never> {
        let previous = entries[index].last
        let check = Task { () -> Problem? in
            await previous?.value
            if isRequested { entries[index].requested = nil }
            let problem = await self.check(index, isRequested: isRequested)
            if !isRequested { entries[index].timed = nil }
            return problem
        }
        entries[index].last = Task { _ = await check.value }
        return check
    }

    private func check(_ index: Int, isRequested: Bool) async -> Problem? {
        let (file, queue) = (entries[index].file, entries[index].queue)
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let files = entries[index].changes.files
            let versions = await queue.run { FileVersions(of: files) }
            switch entries[index].changes.look(versions, at: clock(), isRequested: isRequested) {
            case .leave:
                await startWatcher(index)
                return entries[index].problem
            case .wait(let time):
                guard isRequested else { return entries[index].problem }
                guard .now < deadline else {
                    let problem = Problem(
                        text: "\(file.flag): the file is still being written; ask again when it is complete",
                        wasRequested: true)
                    set(problem, for: index)
                    return problem
                }
                try? await Task.sleep(for: time)
            case .read:
                let attempt = await queue.run { file.read(files) }
                // A file that changed during the read is looked at again before it is used.
                guard attempt.reading.isConsistent else {
                    let versions = await queue.run { FileVersions(of: files) }
                    _ = entries[index].changes.look(versions, at: clock(), isRequested: isRequested)
                    if isRequested { continue }
                    return entries[index].problem
                }
                return await take(attempt, from: index, isRequested: isRequested)
            }
        }
    }

    /// Uses the content that was read, and notes the outcome.
    private func take(_ attempt: ReloadableFile.Attempt, from index: Int, isRequested: Bool) async -> Problem? {
        let file = entries[index].file
        var problem: Problem?
        switch attempt.reading.result {
        case .success(let content): await content.use()
        case .failure(let error):
            let wasRequested = isRequested || entries[index].problem?.wasRequested ?? false
            problem = Problem(text: "\(file.flag): \(error)", wasRequested: wasRequested)
            if case .success(let certificates)? = attempt.certificates { await certificates.use() }
        }
        entries[index].changes.didRead(attempt.reading.versions, isUsable: problem == nil, at: clock())
        endWatcher(index)
        noteCertificates(of: file, attempt)
        if !isRequested {
            if problem?.text != entries[index].problem?.text || problem == nil { logChange(of: file, attempt) }
            status.update { [problem] status in status.reload.count(isSuccessful: problem == nil) }
        }
        set(problem, for: index)
        return problem
    }

    private func logChange(of file: ReloadableFile, _ attempt: ReloadableFile.Attempt) {
        switch attempt.reading.result {
        case .success: logger.info("Changed file was reloaded", metadata: ["flag": "\(file.flag)"])
        case .failure(let error):
            logger.error(
                "Changed file cannot be loaded; the previous version stays active", error: error,
                metadata: ["flag": "\(file.flag)"])
        }
    }

    private func noteCertificates(of file: ReloadableFile, _ attempt: ReloadableFile.Attempt) {
        guard let (name, tls) = file.server else { return }
        let isCurrent = if case .failure? = attempt.certificates { false } else { true }
        let new = CertificateStatus(server: name, isCurrent: isCurrent, notAfter: tls.notAfter)
        status.update { status in status.certificates = status.certificates.map { $0.server == name ? new : $0 } }
    }

    private func set(_ problem: Problem?, for index: Int) {
        entries[index].problem = problem
        let failed = entries.contains { entry in
            guard let problem = entry.problem else { return false }
            return entry.file.isConfiguration || problem.wasRequested
        }
        let locations = entries.first { $0.file.flag == "--geoip.database" }.map { $0.problem == nil }
        status.update { [now] status in
            status.locationsAreCurrent = locations
            status.reload.isSuccessful = !failed
            if problem == nil, !failed { status.reload.lastSuccess = now() }
        }
    }

    /// The value of a task; `nil` if it takes longer than a time, or the current task is cancelled before. The task
    /// itself goes on.
    private static func value<Value: Sendable>(of task: Task<Value, Never>, within time: Duration) async -> Value? {
        let (first, continuation) = AsyncStream.makeStream(of: Value.self)
        let waiter = Task {
            continuation.yield(await task.value)
            continuation.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: time)
            continuation.finish()
        }
        defer {
            waiter.cancel()
            timer.cancel()
        }
        for await value in first { return value }
        return nil
    }
}

extension DispatchQueue {
    /// Runs blocking work on the queue, without a thread of the cooperative pool.
    fileprivate func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in async { continuation.resume(returning: work()) } }
    }
}
