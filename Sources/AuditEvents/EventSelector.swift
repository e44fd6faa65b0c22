/// Which events are wanted: those of a user in `group` that were answered with `responseCode`.
///
/// The scanner looks for the group's name in the bytes first and parses only the lines that may hold it, so a
/// selector is what makes reading a log cheap. What the exporter selects is the detection's affair (AccessScanning).
public struct EventSelector: Sendable, Hashable {
    /// A group that `user.groups` must contain.
    public let group: String
    /// What `responseStatus.code` must be.
    public let responseCode: Int

    /// - Parameters:
    ///   - group: Printable ASCII without `"`, `\` and `/`, at least one character: only then is every way in which
    ///     JSON can spell it known to the byte search (literally, or with a `\u00xx` escape).
    ///   - responseCode: An HTTP status.
    public init(group: String, responseCode: Int) {
        precondition(
            !group.isEmpty && group.utf8.allSatisfy { (0x20..<0x7F).contains($0) && !#""\/"#.utf8.contains($0) },
            "a selector's group must be printable ASCII without quote, backslash and slash")
        self.group = group
        self.responseCode = responseCode
    }
}
