/// The events that one analytic counts.
///
/// The scanner searches the bytes of a line for `literal` before it parses anything, and parses only the lines that
/// may hold it. This search is what makes reading a log cheap. The selectors themselves belong to the detection
/// (AccessScanning).
public struct EventSelector: Sendable, Hashable {
    /// A text that some string of every matching event contains, however the JSON spells it.
    public let literal: String
    /// A group that `user.groups` must contain; `nil` where any user matches.
    public let group: String?
    /// The values of `responseStatus.code` that match.
    public let responseCodes: ClosedRange<Int>

    /// - Parameters:
    ///   - literal: Printable ASCII without `"`, `\` and `/`, at least one character. The byte search knows every way
    ///     in which a JSON string can spell such a text: literally, or with a `\u00xx` escape.
    ///   - group: A group that contains `literal`, or `nil`.
    ///   - responseCodes: HTTP status codes.
    public init(literal: String, group: String?, responseCodes: ClosedRange<Int>) {
        precondition(
            !literal.isEmpty && literal.utf8.allSatisfy { (0x20..<0x7F).contains($0) && !#""\/"#.utf8.contains($0) },
            "a selector's literal must be printable ASCII without quote, backslash and slash")
        precondition(group?.contains(literal) ?? true, "a selector's group must contain its literal")
        self.literal = literal
        self.group = group
        self.responseCodes = responseCodes
    }

    /// Selects the events of users in `group` that were answered with `responseCode`; the literal is the group.
    public init(group: String, responseCode: Int) {
        self.init(literal: group, group: group, responseCodes: responseCode...responseCode)
    }
}
