import LocalStack
import Testing

/// The stack of the running suite.
enum SharedStack {
    @TaskLocal static var current: LocalStack?

    /// The stack, if a trait of the suite provides one.
    static func get() throws -> LocalStack {
        try #require(current, "the suite has no trait that provides a stack")
    }
}
