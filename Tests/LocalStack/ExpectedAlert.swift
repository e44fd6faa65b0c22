import Foundation

/// The alert that is expected for a source, by the labels that distinguish it.
public struct ExpectedAlert: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `alertname`
    public let alert: String
    /// `src_ip`
    public let source: String
    /// `origin`
    public let origin: String
    /// `severity`
    public let severity: String

    /// The analytic's alert.
    public static let scanning = "KubernetesAccessScanning"

    /// The analytic's alert for a verified source, which pages.
    public static func verified(_ source: String) -> ExpectedAlert {
        ExpectedAlert(alert: scanning, source: source, origin: "verified", severity: "warning")
    }

    /// The analytic's alert for a claimed source, which only informs, because any client can claim an address.
    public static func claimed(_ source: String) -> ExpectedAlert {
        ExpectedAlert(alert: scanning, source: source, origin: "claimed", severity: "info")
    }

    /// The alert for a verified source with an expired token or the like.
    public static func failingAuthentication(_ source: String) -> ExpectedAlert {
        ExpectedAlert(
            alert: "KubernetesAuthenticationFailures", source: source, origin: "verified", severity: "info")
    }

    /// The alert for a verified source whose scan was not authenticated.
    public static func unauthorizedScanning(_ source: String) -> ExpectedAlert {
        ExpectedAlert(
            alert: "KubernetesAccessScanningUnauthorized", source: source, origin: "verified", severity: "warning")
    }

    /// The alert for a verified source with an allowed request, and too few others for a scan.
    public static func allowed(_ source: String) -> ExpectedAlert {
        ExpectedAlert(
            alert: "KubernetesAnonymousAccessAllowed", source: source, origin: "verified", severity: "warning")
    }

    private init(alert: String, source: String, origin: String, severity: String) {
        self.alert = alert
        self.source = source
        self.origin = origin
        self.severity = severity
    }

    /// The alert described by labels; `nil` for one that is not about a source.
    public init?(labels: [String: String]) {
        guard let alert = labels["alertname"], let source = labels["src_ip"] else { return nil }
        self.init(
            alert: alert, source: source, origin: labels["origin", default: ""],
            severity: labels["severity", default: ""])
    }

    /// By source.
    public static func < (one: ExpectedAlert, other: ExpectedAlert) -> Bool {
        one.description.compare(other.description, options: .numeric) == .orderedAscending
    }

    /// For messages.
    public var description: String { "\(source) (\(origin), \(severity))" }
}
