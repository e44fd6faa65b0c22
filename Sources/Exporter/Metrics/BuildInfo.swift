import CBuildInfo
import Exposition

/// Which build this is.
public struct BuildInfo: Sendable, Hashable, CustomStringConvertible {
    static let metric = Metric(
        "kube_audit_exporter_build_info", .gauge, "Always 1; the labels identify the build.",
        labels: ["version", "revision", "swift_version"])

    /// The exporter's version.
    public let version: String
    /// The git revision that it was built from; `unknown` if the build did not set it.
    public let revision: String
    /// The Swift version that compiled it; `unknown` if the build did not set it.
    public let swiftVersion: String

    /// The running program.
    public static let current = BuildInfo(
        version: String(cString: kube_audit_version()), revision: String(cString: kube_audit_revision()),
        swiftVersion: String(cString: kube_audit_swift_version()))

    /// The text that `--version` prints.
    public var description: String {
        "kube-audit-exporter, version \(version) (revision: \(revision), swift: \(swiftVersion))"
    }

    var family: MetricFamily {
        MetricFamily(Self.metric, [Self.metric.sample(1, version, revision, swiftVersion)])
    }
}
