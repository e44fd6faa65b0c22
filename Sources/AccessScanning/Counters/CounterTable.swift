import AuditEvents

/// Counters within a budget. Where it is full, a new one takes the place of one that may give way.
///
/// Who made more than `ScanningThreshold.requests` within the last hour never gives way, so that none of those who come
/// once can push out one that scans. Of the others the one that was silent longest does. If it was silent for more than
/// the hour its requests are out of the window, and it is retired. If not, its requests are counted under `other` from
/// then on, and it is remembered: when it comes again it has a counter that goes on from its requests within the hour,
/// so that a scan is counted to the sixth request even where thousands come in between.
///
/// What it is given back stands no more under `other`, which is a counter too and must not fall. So as many others give
/// way for it as it takes, five at the most.
struct CounterTable<Counter: BudgetedCounter>: Sendable {
    /// At most so many have a counter of their own.
    let limit: Int
    /// Requests of counters that were retired. Sums of counts may wrap: no counting comes so far, but a damaged database
    /// may say so, and must not stop the exporter.
    private(set) var retiredRequests: UInt64
    /// Who gave way and is remembered.
    private(set) var displaced: DisplacedCounters

    private let other: Counter.Subject
    private let key: SipHash128.Key
    // A counter keeps its place until it is removed, or takes over the place of one that is.
    private var places = PagedArray<Counter>()
    private var indices: [Counter.Subject: Int] = [:]
    private var order = RecencyLists()
    // What stands for many, in the order of creation; never more than a few.
    private var unbudgeted = PagedArray<Counter>()

    // The counters that changed since changes were last taken, and those that were removed and may be on disk.
    private var changed: Set<Counter.Subject> = []
    private var removed: Set<Counter.Subject> = []
    // The counters that are on disk; and new ones in the changes that were taken last, of which it is not known yet.
    private var stored: Set<Counter.Subject> = []
    private var pending: Set<Counter.Subject> = []
    private var removedPending: Set<Counter.Subject> = []

    /// - Parameters:
    ///   - limit: At most so many have a counter of their own. Counters that are restored stay past it until others
    ///     need a place.
    ///   - other: Whose counter has the requests of those that gave way.
    ///   - key: What fingerprints are made with.
    ///   - restored: Counters that were kept, no two of the same subject.
    ///   - displaced: Who gave way before.
    ///   - retiredRequests: Requests of counters that were retired before.
    ///   - now: Seconds since 1970; later times in what is restored become this.
    init(
        limit: Int, other: Counter.Subject, key: SipHash128.Key, restoring restored: [Counter],
        displaced: DisplacedState, retiredRequests: UInt64, at now: Double
    ) {
        self.limit = limit
        self.other = other
        self.key = key
        self.retiredRequests = retiredRequests
        self.displaced = DisplacedCounters(
            capacity: DisplacedCounters.capacity(forBudget: limit), restoring: displaced)
        for counter in restored {
            if counter.subject.isBudgeted { append(counter, to: .quiet) } else { unbudgeted.append(counter) }
        }
        stored = Set(restored.map(\.subject))
        limitTimes(to: now)
        arrange(at: now)
    }

    /// All counters: those of the budget, then those that stand for many.
    var counters: [PagedArray<Counter>] { [places, unbudgeted] }

    /// How many have a counter of their own.
    var trackedCount: Int { places.count }

    /// Whether there is such a counter.
    func contains(_ subject: Counter.Subject) -> Bool {
        indices[subject] != nil || unbudgeted.contains { $0.subject == subject }
    }

    /// Counts one request.
    ///
    /// - Parameters:
    ///   - subject: Whose it is.
    ///   - now: Seconds since 1970.
    ///   - create: Makes a counter that stands at nought.
    ///   - note: What else the request changes of its counter.
    mutating func count(
        _ subject: Counter.Subject, at now: Double, create: (Counter.Subject) -> Counter, note: (inout Counter) -> Void
    ) {
        if let place = indices[subject] {
            places[place].rise(at: now)
            note(&places[place])
            order.touch(place, list: places[place].recent.areScan(at: now) ? .loud : .quiet)
            changed.insert(subject)
        } else if !subject.isBudgeted {
            changeUnbudgeted(subject, create) {
                $0.rise(at: now)
                note(&$0)
            }
        } else if let counter = admit(subject, at: now, create) {
            append(counter, to: .quiet)
            // Now that it has its place, as any other.
            count(subject, at: now, create: create, note: note)
        } else {
            displaced.noteUntracked(1)
            count(other, at: now, create: create, note: note)
        }
    }

    // MARK: Giving way

    /// A counter for a newcomer, if there is a place or one is made.
    private mutating func admit(
        _ subject: Counter.Subject, at now: Double, _ create: (Counter.Subject) -> Counter
    ) -> Counter? {
        let fingerprint = fingerprint(of: subject)
        // Taken out first, or who gives way for it could have it forgotten.
        let earlier = displaced.take(fingerprint)?.within(now) ?? RecentRequests()
        let needed = UInt64(earlier.times.count)
        var moved: UInt64 = 0
        while places.count >= limit || moved < needed, let place = nextToGiveWay(at: now) {
            moved &+= giveWay(place, at: now, mayRetire: moved >= needed, create)
        }
        guard places.count < limit else {
            remember(fingerprint, earlier, at: now)
            return nil
        }
        var counter = create(subject)
        // Where all others are scanning, the newest of its requests that can be had.
        let givenBack = earlier.first(Int(min(needed, moved)))
        displaced.noteUntracked(earlier.times.count - givenBack.times.count)
        guard let first = givenBack.times.last else { return counter }
        changeUnbudgeted(other, create) { $0.requests &-= UInt64(givenBack.times.count) }
        counter.requests = UInt64(givenBack.times.count)
        counter.recent = givenBack
        // The counter's age is that of what it shows, or the rule would take old requests for new ones.
        counter.firstSeen = min(Double(first), now)
        return counter
    }

    private func nextToGiveWay(at now: Double) -> Int? {
        let quiet = order.first(of: .quiet)
        if let quiet, isSilent(quiet, now) { return quiet }
        if let loud = order.first(of: .loud), isSilent(loud, now) { return loud }
        return quiet
    }

    private func isSilent(_ place: Int, _ now: Double) -> Bool {
        now - places[place].lastSeen > ScanningThreshold.window
    }

    /// - Returns: How many requests are counted under `other` now that were not before.
    private mutating func giveWay(
        _ place: Int, at now: Double, mayRetire: Bool, _ create: (Counter.Subject) -> Counter
    ) -> UInt64 {
        let counter = places[place]
        if mayRetire, isSilent(place, now) {
            retiredRequests &+= counter.requests
            remove(place)
            return 0
        }
        changeUnbudgeted(other, create) {
            $0.requests &+= counter.requests
            $0.lastSeen = now
        }
        remember(fingerprint(of: counter.subject), counter.recent.within(now), at: now)
        remove(place)
        return counter.requests
    }

    private mutating func remember(_ fingerprint: UInt64, _ recent: RecentRequests, at now: Double) {
        guard !recent.times.isEmpty else { return }
        displaced.insert(DisplacedCounter(fingerprint: fingerprint, recent), at: now)
    }

    private func fingerprint(of subject: Counter.Subject) -> UInt64 {
        var hash = SipHash128(key: key)
        subject.combine(into: &hash)
        return max(1, hash.digest().first)
    }

    // MARK: Places

    private mutating func append(_ counter: Counter, to list: RecencyLists.List) {
        indices[counter.subject] = places.count
        places.append(counter)
        order.append(to: list)
    }

    private mutating func remove(_ place: Int) {
        let subject = places[place].subject
        indices[subject] = nil
        order.remove(place)
        let last = places.removeLast()
        if place < places.count {
            places[place] = last
            indices[last.subject] = place
        }
        noteRemoved(subject)
    }

    private mutating func noteRemoved(_ subject: Counter.Subject) {
        changed.remove(subject)
        if stored.remove(subject) != nil { removed.insert(subject) }
        if pending.remove(subject) != nil { removedPending.insert(subject) }
    }

    private mutating func changeUnbudgeted(
        _ subject: Counter.Subject, _ create: (Counter.Subject) -> Counter, _ change: (inout Counter) -> Void
    ) {
        let place =
            unbudgeted.firstIndex { $0.subject == subject }
            ?? {
                unbudgeted.append(create(subject))
                return unbudgeted.count - 1
            }()
        change(&unbudgeted[place])
        changed.insert(subject)
    }

    /// Puts the counters into the order in which they were used, and those that stopped scanning among the quiet ones.
    private mutating func arrange(at now: Double) {
        let lastSeen = places.map(\.lastSeen)
        for place in places.indices.sorted(by: { lastSeen[$0] < lastSeen[$1] }) {
            order.touch(place, list: places[place].recent.areScan(at: now) ? .loud : .quiet)
        }
    }

    /// Removes the counters that were silent for longer than `retention` seconds. Their requests are in
    /// `retiredRequests` from then on.
    mutating func retireSilent(for retention: Double, at now: Double) {
        let isRetired = { (counter: Counter) in now - counter.lastSeen > retention }
        // From the end, since the last one takes over a place that becomes free.
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

    /// Makes times after `now` to be `now`: they come from a clock that was wrong, and would keep a counter for ever.
    mutating func limitTimes(to now: Double) {
        changed.formUnion(Self.limitTimes(of: &places, to: now))
        changed.formUnion(Self.limitTimes(of: &unbudgeted, to: now))
        displaced.limitTimes(to: now)
    }

    /// - Returns: Whose counters that changed.
    private static func limitTimes(of counters: inout PagedArray<Counter>, to now: Double) -> [Counter.Subject] {
        counters.indices.compactMap { place in
            var counter = counters[place]
            counter.limitTimes(to: now)
            // A page that is only read stays shared.
            guard counter != counters[place] else { return nil }
            counters[place] = counter
            return counter.subject
        }
    }

    // MARK: Changes

    /// What was changed since the last call.
    mutating func takeChanges() -> CounterChanges<Counter> {
        stored.formUnion(pending)
        removed.formUnion(removedPending)
        // Not `subtracting`, which visits all that are stored.
        pending = changed.filter { !stored.contains($0) }
        defer {
            removedPending = []
            changed = []
            removed = []
        }
        return CounterChanges(
            counters: changed.compactMap(counter), removed: removed, displaced: displaced.takeChanges())
    }

    /// Gives changes back that could not be written: they will be among those that are taken next.
    mutating func putBack(_ changes: CounterChanges<Counter>) {
        // Nothing need be removed from the disk that was not written.
        pending = []
        removedPending = []
        // What was removed since is no change any more, but a removal.
        changed.formUnion(changes.counters.map(\.subject).filter(contains))
        removed.formUnion(changes.removed)
        if let displaced = changes.displaced { self.displaced.putBack(displaced) }
    }

    private func counter(of subject: Counter.Subject) -> Counter? {
        indices[subject].map { places[$0] } ?? unbudgeted.first { $0.subject == subject }
    }
}
