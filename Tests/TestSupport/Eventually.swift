import Foundation

/// A condition that was not met in time.
public struct NeverHappened: Error, CustomStringConvertible {
    /// The condition, the time, and the last value.
    public let description: String
}

/// Waits until `value` returns something that satisfies `condition`, and returns it.
///
/// - Parameters:
///   - what: The condition, for the message of a failing test.
///   - deadline: The maximum time to wait.
///   - interval: The time between two checks.
///   - value: Returns the current value.
///   - condition: Checks the value.
/// - Throws: `NeverHappened` after the deadline, with the last value; an error of `value` counts as not met.
@discardableResult
public func eventually<Value: Sendable>(
    _ what: String, within deadline: Duration = .seconds(30), every interval: Duration = .milliseconds(10),
    _ value: () async throws -> Value, is condition: (Value) -> Bool
) async throws -> Value {
    let clock = ContinuousClock()
    let end = clock.now + deadline
    var last = "nothing"
    repeat {
        do {
            let seen = try await value()
            if condition(seen) { return seen }
            last = "\(seen)"
        } catch {
            last = "the error \(error)"
        }
        try await Task.sleep(for: interval)
    } while clock.now < end
    throw NeverHappened(description: "waited \(deadline) for \(what); last seen: \(last)")
}

/// Waits until `condition` holds.
public func eventually(
    _ what: String, within deadline: Duration = .seconds(30), every interval: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: deadline, every: interval, condition) { $0 }
}
