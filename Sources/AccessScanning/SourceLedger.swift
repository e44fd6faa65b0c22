/// The counters of all sources, within bounds.
///
/// Sources past the budget of their origin are counted together under `other`, so that the sum over all counters, with
/// what was retired, is always the number of addresses counted. `invalid` and `other` need no budget.
public struct SourceLedger: Sendable {
    /// The bounds.
    public let limits: SourceLimits
    /// The counters, in the order in which they were created.
    public private(set) var counters: [SourceCounter] = []
    /// Requests of sources that were retired since the ledger was made.
    public private(set) var retiredRequests: UInt64 = 0

    private var indices: [Source: Int] = [:]
    private var tracked: [Origin: Int] = [:]

    /// A ledger that goes on from counters that were kept; an empty one unless they are given.
    ///
    /// - Parameters:
    ///   - limits: The bounds. Counters that are restored stay, even past a budget that was lowered.
    ///   - counters: No two of the same source.
    ///   - retiredRequests: Requests of sources that were retired before.
    public init(
        limits: SourceLimits = SourceLimits(), restoring counters: [SourceCounter] = [], retiredRequests: UInt64 = 0
    ) {
        self.limits = limits
        self.counters = counters
        self.retiredRequests = retiredRequests
        for counter in counters { track(counter.source, by: 1) }
        index()
    }

    /// How many sources of an origin have a counter of their own.
    public func trackedSources(_ origin: Origin) -> Int {
        tracked[origin, default: 0]
    }

    /// Counts one request of `source`.
    ///
    /// - Parameters:
    ///   - source: Whose it is.
    ///   - reference: Where to find the request.
    ///   - now: Seconds since 1970.
    ///   - locate: Asked where an address is when its counter is created.
    /// - Returns: Whose counter rose: the source's, or that of all past the budget.
    @discardableResult
    public mutating func count(
        _ source: Source, _ reference: RequestReference, at now: Double, locate: (IPAddress) -> Location
    ) -> Source {
        if let index = indices[source] {
            counters[index].requests &+= 1
            counters[index].lastSeen = now
            counters[index].lastRequest = reference
            return source
        }
        var location = Location.unknown
        if case .address(let address) = source.address {
            guard trackedSources(source.origin) < limits[source.origin] else {
                return count(Source(.other, source.origin), reference, at: now, locate: locate)
            }
            location = locate(address)
        }
        track(source, by: 1)
        indices[source] = counters.count
        counters.append(
            SourceCounter(
                source: source, location: location, firstSeen: now, lastSeen: now, requests: 1, lastRequest: reference))
        return source
    }

    /// The counters of those sources that have one, in the order in which they were created.
    func counters(of sources: Set<Source>) -> [SourceCounter] {
        sources.compactMap { indices[$0] }.sorted().map { counters[$0] }
    }

    /// Whether a source has a counter.
    func contains(_ source: Source) -> Bool {
        indices[source] != nil
    }

    /// Removes the sources that were silent for longer than the retention. Their requests stay in the sum.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: The counters removed.
    @discardableResult
    public mutating func retireSilentSources(at now: Double) -> [SourceCounter] {
        let isSilent = { (counter: SourceCounter) in now - counter.lastSeen > limits.retention }
        let retired = counters.filter(isSilent)
        guard !retired.isEmpty else { return [] }
        for counter in retired {
            // No counting comes so far, but a damaged database may say so: it must not stop the exporter.
            retiredRequests &+= counter.requests
            track(counter.source, by: -1)
        }
        counters.removeAll(where: isSilent)
        index()
        return retired
    }

    private mutating func track(_ source: Source, by change: Int) {
        guard case .address = source.address else { return }
        tracked[source.origin, default: 0] += change
    }

    private mutating func index() {
        indices = Dictionary(uniqueKeysWithValues: counters.enumerated().map { ($1.source, $0) })
    }
}
