/// Where a log that was never seen before is begun, if it is there at the start. One that appears later is always read
/// from its beginning.
public enum StartingPoint: String, Sendable, Hashable, CaseIterable {
    /// With its first byte.
    case beginning
    /// With what is written from now on.
    case end
}
