/// An audit policy, evaluated as the API server does: the first rule that matches decides, and none means level `None`.
///
/// Written after the rules of `k8s.io/apiserver/pkg/audit/policy`, without namespaces, subresources and resource names.
struct AuditPolicy: Decodable {
    struct Resources: Decodable {
        var group: String
        var resources: [String]?
    }

    struct Rule: Decodable {
        var level: Level
        var users: [String]?
        var userGroups: [String]?
        var verbs: [String]?
        var resources: [Resources]?
        var nonResourceURLs: [String]?
        var omitStages: [Stage]?
    }

    enum Level: String, Decodable { case None, Metadata, Request, RequestResponse }
    enum Stage: String, Decodable { case RequestReceived, ResponseStarted, ResponseComplete, Panic }
    enum Version: String, Decodable { case v1 = "audit.k8s.io/v1" }
    enum Kind: String, Decodable { case Policy }

    var apiVersion: Version
    var kind: Kind
    var omitStages: [Stage]?
    var rules: [Rule]

    /// A request as the policy sees it.
    struct Request {
        /// `nil` if its credentials were rejected, or if it has none and anonymous access is off.
        var user: (name: String, groups: [String])?
        var verb = "get"
        /// Path without query.
        var path: String

        /// Resource and API group of a path like `/api/v1/namespaces/NAME/secrets` or `/apis/apps/v1/deployments`.
        var resource: (group: String, name: String)? {
            var parts = path.split(separator: "/").map(String.init)[...]
            let group: String
            switch parts.popFirst() {
            case "api": group = ""
            case "apis":
                guard let name = parts.popFirst() else { return nil }
                group = name
            default: return nil
            }
            parts = parts.dropFirst()
            if parts.first == "namespaces", parts.count > 2 { parts = parts.dropFirst(2) }
            return parts.first.map { (group, $0) }
        }
    }

    /// Whether the policy logs this stage of a request.
    func logs(_ request: Request, at stage: Stage) -> Bool {
        guard let rule = rules.first(where: { $0.matches(request) }) else { return false }
        return rule.level != .None && !((omitStages ?? []) + (rule.omitStages ?? [])).contains(stage)
    }
}

extension AuditPolicy.Rule {
    fileprivate func matches(_ request: AuditPolicy.Request) -> Bool {
        if let users, !users.isEmpty {
            guard let user = request.user, users.contains(user.name) else { return false }
        }
        if let userGroups, !userGroups.isEmpty {
            guard let user = request.user, user.groups.contains(where: userGroups.contains) else { return false }
        }
        if let verbs, !verbs.isEmpty, !verbs.contains(request.verb) { return false }
        if let resources, !resources.isEmpty {
            guard let wanted = request.resource else { return false }
            return resources.contains { entry in
                let names = entry.resources ?? []
                return (entry.group == wanted.group || entry.group == "*")
                    && (names.isEmpty || names.contains { $0 == wanted.name || $0 == "*" })
            }
        }
        if let nonResourceURLs, !nonResourceURLs.isEmpty {
            return request.resource == nil
                && nonResourceURLs.contains {
                    $0 == request.path || $0.hasSuffix("*") && request.path.hasPrefix($0.dropLast())
                }
        }
        return true
    }
}
