import CAuditScan

/// Follows the brackets of a JSON text that comes piece by piece, without looking at anything else in it.
public struct JSONNesting: Sendable {
    private var state = audit_nesting()

    /// The beginning of a text.
    public init() {}

    /// Looks for the end of what begins behind this place, not for the end of all: brackets that are open now stay open.
    public mutating func setFloor() { state.floor = state.depth }

    /// Follows the next bytes.
    ///
    /// - Returns: Whether an object or array ends in them that no other one contains, or none behind the floor.
    public mutating func closes(in bytes: RawSpan) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            return audit_nesting_follow(&state, base, bytes.count)
        }
    }
}
