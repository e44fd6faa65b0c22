/// What became of a request that is counted. A request has one outcome.
///
/// The raw value is the name in the state on disk, in queries and in JSON.
public enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// Made without credentials and refused (403).
    case forbidden
    /// Not authenticated (401).
    case unauthorized
    /// Made without credentials and answered, outside the paths that are open to everyone.
    case allowed

    /// The outcome that a response code means; `nil` for any other code, whose requests are not counted.
    init?(responseCode: Int?) {
        switch responseCode {
        case 403: self = .forbidden
        case 401: self = .unauthorized
        case .some(100...399): self = .allowed
        default: return nil
        }
    }
}

/// The outcomes of the requests that had a value.
public struct OutcomeSet: OptionSet, Sendable, Hashable {
    /// One bit for each outcome. They are stored, so they never change.
    public let rawValue: UInt8

    /// A set with these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The set of one outcome.
    public init(_ outcome: Outcome) {
        switch outcome {
        case .forbidden: rawValue = 1
        case .unauthorized: rawValue = 2
        case .allowed: rawValue = 4
        }
    }

    /// All outcomes.
    static let all = OutcomeSet(rawValue: 7)

    /// The outcomes in it, in the order of `Outcome.allCases`.
    public var outcomes: [Outcome] { Outcome.allCases.filter { contains(OutcomeSet($0)) } }
}
