/// The paths that Kubernetes opens to everyone: an answer to a request without credentials is expected there.
///
/// A path is compared as the API server authorizes it: without the query, percent escapes resolved once, case
/// significant, and nothing else changed. The server does not resolve `..`, `.` or double slashes; a proxy before it may,
/// and a client can combine these to reach another path. So a path with an empty, `.` or `..` segment, or with an invalid
/// escape, is not open, whatever its beginning is: a request that was allowed must never look expected by its spelling.
///
/// Sources: the role `system:public-info-viewer` and the role of `kubeadm` for `kube-public/cluster-info`
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles>,
/// <https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/>); the discovery documents of
/// ServiceAccount issuers, and of OAuth on OpenShift.
public enum OpenPaths {
    private static let exact: Set<String> = [
        "/healthz", "/livez", "/readyz", "/version", "/version/", "/openid/v1/jwks",
        "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
    ]
    /// Single checks, such as `/readyz/etcd`.
    private static let prefixes = ["/healthz/", "/livez/", "/readyz/"]
    /// The ConfigMap that nodes read before they have credentials.
    private static let clusterInfo = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
    /// The server refuses longer ones with 404, since no check has such a name.
    private static let longest = 256

    /// Whether a request is for an open path.
    ///
    /// - Parameters:
    ///   - requestURI: Path and query of the request, as in the event.
    ///   - verb: The Kubernetes verb: the ConfigMap is open to `get` only.
    public static func contain(requestURI: String, verb: String) -> Bool {
        let raw = requestURI.utf8.prefix { $0 != UInt8(ascii: "?") }
        // Most other paths end here, without a copy.
        guard raw.count <= longest, let path = decoded(raw), !hasOddSegment(path) else { return false }
        if exact.contains(path) || prefixes.contains(where: path.hasPrefix) { return true }
        return verb == "get" && path == clusterInfo
    }

    /// A path with its percent escapes resolved; `nil` if one is invalid, or the result is not UTF-8.
    private static func decoded(_ raw: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).isASCII ? Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) : nil
    }

    /// Whether a segment before the last one is empty, or any is `.` or `..`.
    private static func hasOddSegment(_ path: String) -> Bool {
        let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
            || segments.dropFirst().dropLast().contains { $0.isEmpty }
    }
}
