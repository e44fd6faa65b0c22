/// The events that one analytic counts: whose requests, with which answer.
///
/// The scanner parses only the lines whose bytes may hold such an event: those that hold the group's name, however the
/// JSON spells it, or, for events without a user, the code. This search is what makes reading a log cheap. The selectors
/// themselves belong to the detection (AccessScanning).
///
/// ```swift
/// EventSelector(group: "system:unauthenticated", responseCode: 403)
/// EventSelector(group: "system:unauthenticated", responseCodes: 100...399, excludingOpenPaths: true)
/// EventSelector.withoutUser(responseCode: 401)
/// ```
public struct EventSelector: Sendable, Hashable {
    /// The user of a request.
    public enum User: Sendable, Hashable {
        /// A user in this group: `user.groups` contains it.
        case member(String)
        /// No user: `user.username` is empty, of another type or absent, or `user` is. The API server writes `"user":{}`
        /// if it did not accept the credentials, or needed some.
        case absent
    }

    /// The users that match.
    public let user: User
    /// The values of `responseStatus.code` that match.
    public let responseCodes: ClosedRange<Int>
    /// Whether requests for `OpenPaths` do not match.
    public let excludesOpenPaths: Bool

    private init(_ user: User, _ responseCodes: ClosedRange<Int>, excludingOpenPaths: Bool) {
        self.user = user
        self.responseCodes = responseCodes
        excludesOpenPaths = excludingOpenPaths
    }

    /// Selects the events of users in a group.
    ///
    /// - Parameters:
    ///   - group: At least three characters, printable ASCII without `"`, `\` and `/`. The byte search knows every way in
    ///     which a JSON string can spell such a text: literally, or with a `\u00xx` escape.
    ///   - responseCodes: HTTP status codes.
    ///   - excludingOpenPaths: Whether requests for `OpenPaths` do not match.
    public init(group: String, responseCodes: ClosedRange<Int>, excludingOpenPaths: Bool = false) {
        precondition(
            group.utf8.count >= 3
                && group.utf8.allSatisfy { (0x20..<0x7F).contains($0) && !#""\/"#.utf8.contains($0) },
            "a selector's group must be three or more printable ASCII characters without quote, backslash and slash")
        self.init(.member(group), responseCodes, excludingOpenPaths: excludingOpenPaths)
    }

    /// Selects the events of users in a group that have one response code.
    public init(group: String, responseCode: Int) {
        self.init(group: group, responseCodes: responseCode...responseCode)
    }

    /// Selects the events without a user that have one response code.
    ///
    /// The byte search finds the code as API servers write it. An event with another spelling of the number is not
    /// selected, unless its line is parsed for another reason: `4.01e2`, `40100e-2`. No known shipper writes
    /// integers so.
    ///
    /// - Parameter responseCode: An HTTP status code.
    public static func withoutUser(responseCode: Int) -> EventSelector {
        precondition((100...999).contains(responseCode), "a selector's code must have three digits")
        return EventSelector(.absent, responseCode...responseCode, excludingOpenPaths: false)
    }

    /// The group; `nil` if it selects events without a user.
    var group: String? {
        switch user {
        case .member(let group): group
        case .absent: nil
        }
    }
}
