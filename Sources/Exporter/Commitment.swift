/// What became of a batch whose sender waits.
enum Commitment: Sendable, Hashable {
    /// It is counted, written and shown.
    case committed
    /// It is not, for a reason for people; it must be sent again.
    case unavailable(reason: String)
}
