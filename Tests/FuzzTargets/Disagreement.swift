/// What should hold for any input, and does not.
public struct Disagreement: Error, Sendable, CustomStringConvertible {
    /// What was expected, and what was there.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    static func unless(
        _ holds: @autoclosure () -> Bool, _ description: @autoclosure () -> String
    ) throws(Disagreement) {
        if !holds() { throw Disagreement(description()) }
    }
}
