/// What the analytic calls scanning: more than so many requests in so long a time.
///
/// The alert rules decide; here it says only which counters must not give way to others. Source: the Splunk analytic
/// "Kubernetes Access Scanning", `count > 5` over an hour.
public enum ScanningThreshold {
    /// The most requests within the window that are no scan.
    public static let requests = 5
    /// The window, in seconds.
    public static let window: Double = 3600
}
