import AccessScanning
import Exposition

/// The URL under which people reach the pages of this exporter, from `--web.external-url`: for example
/// `https://audit.example.com/control-plane-1`.
///
/// The exporter shows it as a label, so that alerts and dashboards link to the page of a source. It does not change the
/// paths of the server: links within the pages are relative, and a reverse proxy removes its prefix.
struct ExternalURL: Sendable, Hashable, CustomStringConvertible {
    static let metric = Metric(
        "kube_audit_exporter_web_info", .gauge,
        "Always 1; the label is the URL under which people reach this exporter's pages.", labels: ["external_url"],
        condition: "with `--web.external-url`")

    /// The URL, with the scheme in lower case and without a slash at its end.
    let description: String

    /// The documents name this as the longest value of a label, for `label_value_length_limit`.
    private static let longest = 256
    private static let flag = "--web.external-url"

    /// - Throws: `ConfigurationError` with the part of the URL that cannot be used.
    init(_ text: String) throws(ConfigurationError) {
        guard let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix) else {
            throw Self.error(text, "does not begin with http:// or https://")
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count)
        if path.contains(where: { "?#".contains($0) }) { throw Self.error(text, "has a query or a fragment") }
        // The value is on /metrics and in notifications.
        if authority.contains("@") { throw Self.error(text, "has a user name, which everyone could read") }
        guard Self.isHostAndPort(authority) else {
            throw Self.error(text, "has no valid host and port")
        }
        guard Self.isPath(path) else {
            throw Self.error(text, "has a character in its path that must be percent-encoded")
        }
        guard text.utf8.count <= Self.longest else {
            throw Self.error(text, "is longer than \(Self.longest) characters")
        }
        let end = path.lastIndex { $0 != "/" }.map { path[...$0] } ?? ""
        description = scheme + authority + end
    }

    var family: MetricFamily { MetricFamily(Self.metric, [Self.metric.sample(1, description)]) }

    private static func error(_ text: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(
            flag: flag, reason: "\"\(text)\" \(reason); give a URL such as https://audit.example.com/control-plane-1")
    }

    /// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
    private static func isHostAndPort(_ text: Substring) -> Bool {
        let host: Substring
        var rest: Substring
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":"), IPAddress(String(host)) != nil else { return false }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text.dropFirst(host.count)
            guard !host.isEmpty, host.utf8.allSatisfy({ $0.isUnreserved && $0 != UInt8(ascii: "~") }) else {
                return false
            }
        }
        guard !rest.isEmpty else { return true }
        guard rest.removeFirst() == ":" else { return false }
        return rest.utf8.allSatisfy { (0x30...0x39).contains($0) } && (1...65535).contains(Int(rest) ?? 0)
    }

    /// The characters that RFC 3986 allows in a path.
    private static func isPath(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(\.isHexDigit) else { return false }
                rest = rest.dropFirst(2)
            } else if !byte.isUnreserved, !"/:@!$&'()*+,;=".utf8.contains(byte) {
                return false
            }
        }
        return true
    }
}

extension UInt8 {
    /// Of the unreserved characters of RFC 3986: letters, digits, `-`, `.`, `_` and `~`.
    fileprivate var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(self)
        }
    }

    fileprivate var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
