/// The result.
public struct TortureReport: Sendable {
    /// Figures, in the order in which they are printed.
    public internal(set) var figures: [(name: String, value: String)] = []
    /// Violations as messages; empty if there are none.
    public internal(set) var faults: [String] = []

    /// Whether nothing was lost and nothing doubled, at any time.
    public var isClean: Bool { faults.isEmpty }

    /// All figures in one line.
    public var line: String { figures.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
}
