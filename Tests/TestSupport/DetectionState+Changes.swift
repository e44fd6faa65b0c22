public import AccessScanning

extension DisplacedState {
    /// Takes changes over, page by page, as a store does.
    public mutating func write(_ changes: DisplacedChanges) {
        var pages = stride(from: 0, to: entries.count, by: 512).map {
            Array(entries[$0..<min($0 + 512, entries.count)])
        }
        for (number, page) in changes.pages.sorted(by: { $0.key < $1.key }) {
            if number < pages.count { pages[number] = page } else { pages.append(page) }
        }
        entries = Array(pages.prefix(changes.pageCount).joined())
        next = changes.next
        untrackedRequests = changes.untrackedRequests
        births = changes.births
    }
}

extension AnalyticState {
    /// Takes changes over, as a store does. The order of counters stays that of their creation.
    public mutating func write(_ changes: AnalyticChanges) {
        counters.removeAll { changes.removedSources.contains($0.subject) }
        for counter in changes.counters {
            if let index = counters.firstIndex(where: { $0.subject == counter.subject }) {
                counters[index] = counter
            } else {
                counters.append(counter)
            }
        }
        for (origin, changes) in changes.displacedSources {
            displacedSources[origin, default: DisplacedState()].write(changes)
        }
        retiredRequests = changes.retiredRequests
        networks.removeAll { changes.removedNetworks.contains($0.network) }
        for counter in changes.networks {
            if let index = networks.firstIndex(where: { $0.network == counter.network }) {
                networks[index] = counter
            } else {
                networks.append(counter)
            }
        }
        if let changes = changes.displacedNetworks { displacedNetworks.write(changes) }
        retiredNetworkRequests = changes.retiredNetworkRequests
    }
}

extension [SourceProfile] {
    /// Takes changes over, as a store does.
    public mutating func write(_ changes: ProfileChanges) {
        removeAll { changes.removed.contains($0.source) }
        for profile in changes.profiles {
            if let index = firstIndex(where: { $0.source == profile.source }) {
                self[index] = profile
            } else {
                append(profile)
            }
        }
    }
}

extension DetectionState {
    /// Takes changes over, as a store does.
    public mutating func write(_ changes: DetectionChanges) {
        for changes in changes.analytics { analytics[changes.name, default: AnalyticState()].write(changes) }
        profiles.write(changes.profiles)
        filteredRequests.merge(changes.filteredRequests) { $1 }
        observed += changes.observed
        totals = changes.totals
        let forgotten = totals.firstRecognised - (totals.observedCount - observed.count)
        if forgotten > 0 { observed.removeFirst(forgotten) }
    }
}
