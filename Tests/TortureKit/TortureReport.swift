/// What came of it.
public struct TortureReport: Sendable {
    /// What was counted along the way, in the order in which it is printed.
    public internal(set) var figures: [(name: String, value: String)] = []
    /// What should not be, for people; nothing where all is well.
    public internal(set) var faults: [String] = []

    /// Whether nothing was lost and nothing doubled, at any time.
    public var isClean: Bool { faults.isEmpty }

    /// All in one line.
    public var line: String { figures.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
}
