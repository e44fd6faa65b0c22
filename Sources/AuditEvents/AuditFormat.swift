import CAuditScan

/// The form in which records of a log hold audit events; the value of `--audit.format`.
///
/// `auto` is for bare events and EventLists, and for the envelopes that name the API server's audit by constants. A key
/// such as `log` or `message` says nothing of its writer, so all others must be named: any pod in a mixed stream could
/// write a perfect event about any address.
public enum AuditFormat: String, Sendable, Hashable, CaseIterable {
    case auto
    case eks
    case aks
    case gke
    case cri
    case docker
    case fluentBit = "fluent-bit"
    case fluentd
    case vector
    case filebeat
    case elasticsearch
    case otlp
    case loki
    case syslog
    case journald
    case splunkHEC = "splunk-hec"
    case gelf
    case ovh
    case nodeLogs = "oc-node-logs"

    /// Splits `NAME:PATH`. A path that begins with the name of a format and a colon can be given as `auto:PATH` or `./PATH`.
    ///
    /// - Returns: `nil` and the whole text without a name.
    public static func split(_ text: String) -> (format: AuditFormat?, path: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let format = AuditFormat(rawValue: String(parts[0])) else { return (nil, text) }
        return (format, String(parts[1]))
    }

    /// For a path that does not exist: that it begins like `NAME:PATH`, but with no name of a format.
    ///
    /// - Returns: The remark, in words; `nil` if it does not begin in this way.
    public static func remark(onPath path: String) -> String? {
        let name = path.prefix { $0 != ":" }
        let isWord = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
        guard !name.isEmpty, name.count < path.count, isWord, AuditFormat(rawValue: String(name)) == nil else {
            return nil
        }
        let word = name.lowercased().replacing("_", with: "-")
        let meant = AuditFormat(rawValue: word).map { ", but \($0.rawValue) is" } ?? ""
        return "\(name) is not a format\(meant)"
    }

    /// Whether no record goes on in further lines, so that a log can be read in parts; apart from arrays and objects that
    /// are printed over many lines, which begin with a bracket of their own.
    public var hasRecordsOfOneLine: Bool { self != .cri && self != .docker }

    init?(_ format: audit_format) {
        guard format != AUDIT_FORMAT_AUTO else { return nil }
        self = Self.allCases[Int(format.rawValue)]
    }

    /// The cases are in the order of the C enumeration.
    var code: audit_format {
        audit_format(rawValue: UInt32(Self.allCases.firstIndex(of: self) ?? 0))
    }
}
