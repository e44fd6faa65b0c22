import Foundation

/// A condition that did not come true in time.
public struct NeverHappened: Error, CustomStringConvertible {
    /// What was waited for, how long, and what was there instead.
    public let description: String
}

/// Waits until `value` gives something that satisfies `condition`, and returns it.
///
/// - Parameters:
///   - what: What is waited for, for the message of a failing test.
///   - deadline: How long to wait at the most.
///   - interval: How long to wait between two looks.
///   - value: Looks.
///   - condition: Judges what was seen.
/// - Throws: `NeverHappened` past the deadline, saying what was seen last; what `value` throws counts as not yet.
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
