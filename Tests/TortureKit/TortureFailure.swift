/// What made it impossible to go on, or must never happen.
public struct TortureFailure: Error, CustomStringConvertible {
    /// For people.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
