/// A violated property.
public struct Disagreement: Error, Sendable, CustomStringConvertible {
    /// The expected and the actual value.
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
