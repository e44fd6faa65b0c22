/// A reason to abort, or an impossible state.
public struct TortureFailure: Error, CustomStringConvertible {
    /// A message.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
