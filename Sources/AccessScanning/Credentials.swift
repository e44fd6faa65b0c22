/// The credentials of a request that was not authenticated, as far as its audit event says.
///
/// The raw value is the value of the label `credentials`.
public enum Credentials: String, Sendable, Hashable, CaseIterable {
    /// The request had none.
    case none
    /// The request had some, which were not accepted.
    case presented
    /// The event does not say: the API server wrote no message, or another one.
    case unknown
}
