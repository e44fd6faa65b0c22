import AuditEvents

/// Counters within a budget. A counter is a series that Prometheus stores for hours, so the number of counters that are
/// created is bounded, too.
///
/// While there are places, a subject gets a counter with its first request. When the budget is full, its requests are
/// counted under `other`, and their times are remembered. With more requests within the hour than `protection` it gets a
/// counter that continues from them: it may be scanning, and is counted to the last request.
///
/// For that another counter is displaced: the one that was silent longest. A counter with more requests within the hour
/// than `protection` is never displaced, so that subjects with single requests cannot displace one that scans. A counter
/// that was silent for more than an hour can be displaced by any subject; its requests are out of the window, and it is
/// retired. A displaced one's requests are counted under `other` from then on, and it is remembered.
///
/// The requests that a subject gets back are no longer counted under `other`, which is a counter too and must not fall.
/// So others are displaced at the same time until `other` has gained as many requests. If their counters hold too few,
/// the new counter begins with fewer, and gets the next requests that `other` gains instead. In the places that become
/// free, only as many counters are created in an hour as `birthLimit` allows.
/// If `protection` is zero, the first request displaces a subject without any within the hour; else it is untracked.
struct CounterTable<Counter: BudgetedCounter>: Sendable {
    /// The maximum number of subjects with a counter of their own.
    let limit: Int
    /// The largest number of requests within the hour of a subject that may be displaced, and gets no counter when the
    /// budget is full.
    let protection: Int
    /// Requests of retired counters. Sums of counts may wrap: counting never reaches such values, but a damaged
    /// database may hold them, and must not stop the exporter.
    private(set) var retiredRequests: UInt64
    /// The displaced subjects that are remembered.
    private(set) var displaced: DisplacedCounters

    // Since they were last taken.
    private var effects = CountingEffects<Counter.Subject>()
    private let remembered: Int
    private let key: SipHash128.Key
    private var places = OrderedPlaces<Counter>()
    // Subjects that may have made more requests within the hour than their counters show, last those to pay first, by
    // the subject that has these requests.
    private var owed: [Counter.Subject: [Counter.Subject]] = [:]
    // Counters that stand for many, in the order of creation; never more than a few.
    private var unbudgeted = PagedArray<Counter>()
    private var tracker = ChangeTracker<Counter.Subject>()

    /// - Parameters:
    ///   - limit: The maximum number of subjects with a counter of their own. Restored counters past it stay until
    ///     others need a place.
    ///   - threshold: The largest number of requests within the hour that is not a scan.
    ///   - remembered: The number of requests whose times a counter remembers, more than `threshold`.
    ///   - key: The key of the fingerprints.
    ///   - restored: Counters, no two of the same subject.
    ///   - isIncluded: Whether a counter belongs to the table.
    ///   - displaced: The displaced subjects.
    ///   - retiredRequests: Requests of retired counters.
    ///   - now: Seconds since 1970. Later times in the state are replaced by it.
    init(
        limit: Int, threshold: Int, remembering remembered: Int, key: SipHash128.Key, restoring restored: [Counter],
        where isIncluded: (Counter.Subject) -> Bool = { _ in true }, displaced: DisplacedState,
        retiredRequests: UInt64, at now: Double
    ) {
        self.limit = limit
        self.remembered = remembered
        protection = min(threshold, DisplacedCounter.limit)
        self.key = key
        self.retiredRequests = retiredRequests
        self.displaced = DisplacedCounters(
            capacity: DisplacedCounters.capacity(forBudget: limit), restoring: displaced)
        // By index, since a copy of a counter takes more time than the question.
        let included = restored.indices.filter { isIncluded(restored[$0].subject) }
        places.reserve(included.count)
        for index in included {
            if restored[index].subject.isBudgeted {
                places.append(restored[index], to: .quiet)
            } else {
                unbudgeted.append(restored[index])
            }
        }
        limitTimes(to: now)
        arrange(at: now)
    }

    /// All counters: those in the budget, then those that stand for many.
    var counters: [PagedArray<Counter>] { [places.values, unbudgeted] }

    /// The number of subjects with a counter of their own.
    var trackedCount: Int { places.count }

    /// The maximum number of counters that are created within an hour for subjects that do not scan, or by first requests.
    /// Half of it is for places that become free; both budgets of sources stay below twice that of the verified ones.
    private var birthLimit: Int { limit + limit / 2 }

    /// Whether a subject has a counter.
    func contains(_ subject: Counter.Subject) -> Bool {
        places.place(of: subject) != nil || unbudgeted.contains { $0.subject == subject }
    }

    /// The requests of a subject within the hour that its counter remembers; zero without a counter.
    func recentRequests(of subject: Counter.Subject, at now: Double) -> Int {
        (places.value(of: subject) ?? unbudgeted.first { $0.subject == subject })?.recent.count(at: now) ?? 0
    }

    /// Counts one request.
    ///
    /// - Parameters:
    ///   - subject: The subject of the request.
    ///   - now: Seconds since 1970.
    ///   - create: Makes a counter with the value zero.
    ///   - note: Makes further changes to the counter.
    mutating func count(
        _ subject: Counter.Subject, at now: Double, create: (Counter.Subject) -> Counter, note: (inout Counter) -> Void
    ) {
        if let place = places.place(of: subject) {
            places[place].rise(at: now, remembering: remembered)
            note(&places[place])
            places.touch(place, list: list(at: place, now))
            tracker.noteChanged(subject)
        } else if !subject.isBudgeted {
            changeUnbudgeted(subject, create) { [remembered] in
                $0.rise(at: now, remembering: remembered)
                note(&$0)
            }
        } else if let counter = admit(subject, at: now, create) {
            places.append(counter, to: .quiet)
            tracker.noteCreated(subject)
            // It has its place now, like any other.
            count(subject, at: now, create: create, note: note)
        } else {
            count(subject.other, at: now, create: create, note: note)
            payOwed(by: subject.other, at: now, create)
        }
    }

    /// Takes the effects on other subjects since the last call.
    mutating func takeEffects() -> CountingEffects<Counter.Subject> {
        defer { effects.removeAll() }
        return effects
    }

    /// Changes the counter of a subject that has one.
    mutating func change(_ subject: Counter.Subject, _ change: (inout Counter) -> Void) {
        guard let place = places.place(of: subject) else { return }
        change(&places[place])
        tracker.noteChanged(subject)
    }

    // MARK: Displacement

    /// Makes a counter for a subject without one, if it may have one; else remembers its request.
    private mutating func admit(
        _ subject: Counter.Subject, at now: Double, _ create: (Counter.Subject) -> Counter
    ) -> Counter? {
        let fingerprint = fingerprint(of: subject)
        // Taken out first: the counters that it displaces must not overwrite it in the ring.
        let taken = displaced.take(fingerprint)
        let earlier = taken?.recent.within(now) ?? RecentRequests()
        let needed = earlier.times.count
        let mayScan = needed >= protection
        // The first request creates a counter only within the bound, even if it is a scan.
        let isBounded = needed < max(1, protection)
        guard !isBounded || displaced.births.count(at: now) < birthLimit,
            let moved = makePlace(for: needed, of: subject.other, mayScan, at: now, create)
        else {
            remember(fingerprint, earlier, formerlyAt: taken?.place, at: now)
            let times = [RecentRequests.wholeSecond(now)]
            effects.uncounted.append(
                UncountedChange(subject: subject, times: times, isGain: true, changesSubjects: needed == 0))
            return nil
        }
        if isBounded { displaced.noteBirth(at: now) }
        if needed > 0 {
            effects.uncounted.append(
                UncountedChange(subject: subject, times: earlier.times, isGain: false, changesSubjects: true))
        }
        return counter(of: subject, continuing: earlier, moved: moved, at: now, create)
    }

    /// Displaces others until there is a place, and until `other` has gained as many requests as it loses.
    ///
    /// A counter whose requests go to another subject than `other` is displaced only for its place. One that goes to
    /// `other` has at least one request, so more than `needed` are not looked at.
    ///
    /// - Returns: The requests that `other` has gained; `nil` if the subject gets no place.
    private mutating func makePlace(
        for needed: Int, of other: Counter.Subject, _ mayScan: Bool, at now: Double,
        _ create: (Counter.Subject) -> Counter
    ) -> UInt64? {
        var moved: UInt64 = 0
        var displaced = 0
        while places.count >= limit || moved < needed && displaced < needed,
            let place = nextToDisplace(mayScan, at: now)
        {
            let isGain = places[place].subject.other == other
            let requests = displace(place, at: now, mayRetire: !isGain || moved >= needed, create)
            if isGain { moved &+= requests }
            displaced += 1
        }
        // If the others hold too few requests, a subject that may scan gets only some of its own back at once.
        return places.count < limit && (mayScan || moved >= needed) ? moved : nil
    }

    /// Makes the counter of a subject that gets back its requests within the hour.
    private mutating func counter(
        of subject: Counter.Subject, continuing earlier: RecentRequests, moved: UInt64, at now: Double,
        _ create: (Counter.Subject) -> Counter
    ) -> Counter {
        let times = earlier.times
        var count = Int(min(UInt64(times.count), moved))
        // The newest ones, and none of the second of one that is left out: a counter that is lower than an earlier one
        // of the subject must have a later creation time.
        while count > 0, count < times.count, times[count - 1] == times[count] { count -= 1 }
        displaced.noteUntracked(times.count - count)
        var counter = create(subject)
        // All of them, since a subject that scans is not displaced, whatever its counter shows.
        counter.recent = earlier
        if count < times.count { owed[subject.other, default: []].append(subject) }
        guard count > 0 else { return counter }
        changeUnbudgeted(subject.other, create) { $0.requests &-= UInt64(count) }
        counter.requests = UInt64(count)
        // The counter is as old as its requests, or the alert rule would take old requests for new ones.
        counter.firstSeen = min(Double(times[count - 1]), now)
        return counter
    }

    /// Moves the request that `other` has just gained to a counter that shows too few: `other` stays as it was.
    private mutating func payOwed(
        by other: Counter.Subject, at now: Double, _ create: (Counter.Subject) -> Counter
    ) {
        while let subject = owed[other]?.last {
            if let place = places.place(of: subject), places[place].isOwed(at: now) {
                places[place].requests &+= 1
                tracker.noteChanged(subject)
                return changeUnbudgeted(other, create) { $0.requests &-= 1 }
            }
            owed[other]?.removeLast()
        }
    }

    /// Remembers a request of a subject without a counter.
    private mutating func remember(
        _ fingerprint: UInt64, _ earlier: RecentRequests, formerlyAt place: Int?, at now: Double
    ) {
        // Without a counter that could be displaced, or if this one is a scan, a scan would not be seen.
        guard protection > 0, places.count < limit || nextToDisplace(true, at: now) != nil else {
            displaced.noteUntracked(1)
            insert(fingerprint, earlier, formerlyAt: place, at: now)
            return
        }
        var recent = earlier
        recent.add(at: now, keeping: protection)
        insert(fingerprint, recent, formerlyAt: place, at: now)
    }

    /// The counter to displace for a subject. One that does not scan displaces only silent ones.
    private func nextToDisplace(_ mayScan: Bool, at now: Double) -> Int? {
        let quiet = places.first(of: .quiet)
        if let quiet, isSilent(quiet, now) { return quiet }
        if let loud = places.first(of: .loud), isSilent(loud, now) { return loud }
        return mayScan ? quiet : nil
    }

    private func isSilent(_ place: Int, _ now: Double) -> Bool {
        now - places[place].lastSeen > ScanningThreshold.window
    }

    /// - Returns: The number of requests that are now counted under `other`.
    private mutating func displace(
        _ place: Int, at now: Double, mayRetire: Bool, _ create: (Counter.Subject) -> Counter
    ) -> UInt64 {
        let counter = places[place]
        if mayRetire, isSilent(place, now) {
            retiredRequests &+= counter.requests
            remove(place)
            return 0
        }
        changeUnbudgeted(counter.subject.other, create) {
            $0.requests &+= counter.requests
            $0.lastSeen = now
        }
        let recent = counter.recent.within(now)
        insert(fingerprint(of: counter.subject), recent, at: now)
        if !recent.times.isEmpty {
            effects.uncounted.append(
                UncountedChange(subject: counter.subject, times: recent.times, isGain: true, changesSubjects: true))
        }
        remove(place)
        return counter.requests
    }

    private mutating func insert(
        _ fingerprint: UInt64, _ recent: RecentRequests, formerlyAt place: Int? = nil, at now: Double
    ) {
        guard !recent.times.isEmpty else { return }
        displaced.insert(DisplacedCounter(fingerprint: fingerprint, recent), formerlyAt: place, at: now)
    }

    private func fingerprint(of subject: Counter.Subject) -> UInt64 {
        var hash = SipHash128(key: key)
        subject.combine(into: &hash)
        return max(1, hash.digest().first)
    }

    // MARK: Places

    private mutating func remove(_ place: Int) {
        noteRemoved(places.remove(place))
    }

    private mutating func noteRemoved(_ subject: Counter.Subject) {
        tracker.noteRemoved(subject)
        effects.removed.append(subject)
    }

    private mutating func changeUnbudgeted(
        _ subject: Counter.Subject, _ create: (Counter.Subject) -> Counter, _ change: (inout Counter) -> Void
    ) {
        let place = unbudgeted.firstIndex { $0.subject == subject } ?? unbudgeted.count
        if place == unbudgeted.count {
            unbudgeted.append(create(subject))
            tracker.noteCreated(subject)
        }
        change(&unbudgeted[place])
        tracker.noteChanged(subject)
    }

    /// Orders the counters by their last request, and moves those that stopped scanning to the quiet ones.
    private mutating func arrange(at now: Double) {
        owed = [:]
        for place in places.byLastSeen {
            let requests = places[place].recent.count(at: now)
            places.touch(place, list: requests > protection ? .loud : .quiet)
            guard places[place].requests < UInt64(requests) else { continue }
            owed[places[place].subject.other, default: []].append(places[place].subject)
        }
    }

    private func list(at place: Int, _ now: Double) -> RecencyLists.List {
        places[place].recent.count(at: now) > protection ? .loud : .quiet
    }

    /// Removes the counters that were silent for longer than `retention` seconds, and adds their requests to
    /// `retiredRequests`.
    mutating func retireSilent(for retention: Double, at now: Double) {
        let isRetired = { (counter: Counter) in now - counter.lastSeen > retention }
        // From the end, since the last counter moves to a place that becomes free.
        for place in places.indices.reversed() where isRetired(places[place]) {
            retiredRequests &+= places[place].requests
            remove(place)
        }
        for counter in unbudgeted where isRetired(counter) {
            retiredRequests &+= counter.requests
            noteRemoved(counter.subject)
        }
        unbudgeted = PagedArray(unbudgeted.filter { !isRetired($0) })
        arrange(at: now)
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        for subject in places.limitTimes(to: now) + unbudgeted.limitTimes(to: now) { tracker.noteChanged(subject) }
        displaced.limitTimes(to: now)
    }

    // MARK: Changes

    /// Takes the changes since the last call. Earlier changes count as written unless they were put back.
    mutating func takeChanges() -> CounterChanges<Counter> {
        let (changed, removed) = tracker.take()
        // By place, which is about the order on disk: the store writes each page of the file once.
        let counters = changed.compactMap(places.place).sorted().map { places[$0] }
        return CounterChanges(
            counters: counters + unbudgeted.filter { changed.contains($0.subject) }, removed: removed,
            displaced: displaced.takeChanges())
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    mutating func putBack(_ changes: CounterChanges<Counter>) {
        // A counter that has been removed since is a removal, not a change.
        tracker.putBack(changed: changes.counters.map(\.subject).filter(contains), removed: changes.removed)
        if let displaced = changes.displaced { self.displaced.putBack(displaced) }
    }
}
