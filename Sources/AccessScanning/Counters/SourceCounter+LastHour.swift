extension SourceCounter {
    /// The requests within the last hour.
    ///
    /// - Parameter now: Seconds since 1970.
    public func requestsLastHour(at now: Double) -> UInt64 { UInt64(recent.count(at: now)) }
}
