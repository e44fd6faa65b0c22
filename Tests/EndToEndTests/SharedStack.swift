import LocalStack
import Testing

/// The stack of the suite that runs.
enum SharedStack {
    @TaskLocal static var current: LocalStack?

    /// It; there is one where a trait of the suite gives it.
    static func get() throws -> LocalStack {
        try #require(current, "the suite has no trait that gives it a stack")
    }
}
