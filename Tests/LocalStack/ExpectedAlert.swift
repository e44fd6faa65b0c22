import Foundation

/// The alert that is expected for a source, by the labels that distinguish it.
public struct ExpectedAlert: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `src_ip`
    public let source: String
    /// `origin`
    public let origin: String
    /// `severity`
    public let severity: String

    /// The alert for a verified source, which pages.
    public static func verified(_ source: String) -> ExpectedAlert {
        ExpectedAlert(source: source, origin: "verified", severity: "warning")
    }

    /// The alert for a claimed source, which only informs, because any client can claim an address.
    public static func claimed(_ source: String) -> ExpectedAlert {
        ExpectedAlert(source: source, origin: "claimed", severity: "info")
    }

    private init(source: String, origin: String, severity: String) {
        self.source = source
        self.origin = origin
        self.severity = severity
    }

    /// The alert described by labels; `nil` for an alert other than scanning.
    public init?(labels: [String: String]) {
        guard labels["alertname"] == "KubernetesAccessScanning" else { return nil }
        self.init(
            source: labels["src_ip", default: ""], origin: labels["origin", default: ""],
            severity: labels["severity", default: ""])
    }

    /// By source.
    public static func < (one: ExpectedAlert, other: ExpectedAlert) -> Bool {
        one.description.compare(other.description, options: .numeric) == .orderedAscending
    }

    /// For messages.
    public var description: String { "\(source) (\(origin), \(severity))" }
}
