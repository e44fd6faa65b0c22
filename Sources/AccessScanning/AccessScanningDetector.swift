public import AuditEvents

/// The detection: which requests count, once each, and for whom.
///
/// ```swift
/// var detector = AccessScanningDetector(attribution: SourceAttribution(trustedProxies: proxies))
/// for event in scanned.events { detector.observe(event, at: now) }
/// ```
public struct AccessScanningDetector: Sendable {
    /// The counters.
    public private(set) var ledger: SourceLedger
    /// Events of requests that were counted before: another stage, or another reading.
    public private(set) var duplicateEvents: UInt64 = 0

    private let attribution: SourceAttribution
    private var deduplicator: RequestDeduplicator

    /// A detection that has seen nothing yet.
    public init(
        limits: SourceLimits = SourceLimits(), attribution: SourceAttribution = SourceAttribution(),
        deduplicator: RequestDeduplicator = RequestDeduplicator()
    ) {
        ledger = SourceLedger(limits: limits)
        self.attribution = attribution
        self.deduplicator = deduplicator
    }

    /// Counts the request that `event` tells of, unless it was counted before.
    ///
    /// - Parameters:
    ///   - event: An event that `EventSelector.unauthenticatedForbidden` selects.
    ///   - now: Seconds since 1970.
    ///   - locate: Asked where an address is when its counter is created.
    public mutating func observe(
        _ event: AuditEvent, at now: Double, locate: (IPAddress) -> Location = { _ in .unknown }
    ) {
        guard deduplicator.observe(event) == .newRequest else {
            duplicateEvents += 1
            return
        }
        let reference = RequestReference(
            auditID: event.auditID, received: EventTimestamp(event.requestReceivedTimestamp)?.secondsSince1970)
        for source in attribution.sources(of: event.sourceIPs) {
            ledger.count(source, reference, at: now, locate: locate)
        }
    }

    /// Removes the sources that were silent for longer than the retention.
    public mutating func retireSilentSources(at now: Double) {
        ledger.retireSilentSources(at: now)
    }
}
