import CBuildInfo

/// Which build this is.
public struct BuildInfo: Sendable, Hashable, CustomStringConvertible {
    /// The exporter's version.
    public let version: String
    /// The git revision that it was built from; `unknown` where the build did not say.
    public let revision: String
    /// The Swift that compiled it; `unknown` where the build did not say.
    public let swiftVersion: String

    /// This program.
    public static let current = BuildInfo(
        version: String(cString: kube_audit_version()), revision: String(cString: kube_audit_revision()),
        swiftVersion: String(cString: kube_audit_swift_version()))

    /// As `--version` says it.
    public var description: String {
        "kube-audit-exporter, version \(version) (revision: \(revision), swift: \(swiftVersion))"
    }
}
