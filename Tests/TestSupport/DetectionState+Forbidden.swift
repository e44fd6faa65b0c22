public import AccessScanning

extension DetectionState {
    /// The counters of the analytic `forbidden`.
    public var forbidden: AnalyticState {
        get { analytics["forbidden"] ?? AnalyticState() }
        set { analytics["forbidden"] = newValue }
    }
}

extension DetectionChanges {
    /// The changes of the analytic `forbidden`.
    public var forbidden: AnalyticChanges {
        get { analytics.first { $0.name == "forbidden" } ?? AnalyticChanges(name: "forbidden") }
        set {
            analytics.removeAll { $0.name == "forbidden" }
            analytics.append(newValue)
        }
    }
}
