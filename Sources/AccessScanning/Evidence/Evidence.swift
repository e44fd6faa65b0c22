public import AuditEvents

/// The distinct values of what a source sent and got.
///
/// Prometheus cannot hold them as labels, and a person who follows an alert needs them. They are bounded, since clients
/// choose most of them: of each column the first values are kept, and the newest ones. What gives way is counted.
public struct Evidence: Sendable, Hashable {
    /// The maximum number of values of a column.
    public static let valueLimit = 20
    /// The maximum length of all values together, each with two bytes more than its UTF-8: half of it for the first
    /// values, and half for the newest ones.
    public static let byteLimit = 2 * DistinctTexts.partLimit
    /// The maximum length of a value in bytes of UTF-8. A longer one is cut, and ends in "…" and 16 digits of a hash of
    /// the whole value.
    public static let lengthLimit = 256

    /// A field of the audit event.
    public enum Column: UInt8, CaseIterable, Sendable {
        case user, groups, verb, requestURI, userAgent, responseCode, responseMessage, responseReason, responseStatus
        case resource

        /// The name in JSON and on pages.
        public var name: String {
            switch self {
            case .user: "user"
            case .groups: "groups"
            case .verb: "verb"
            case .requestURI: "request_uri"
            case .userAgent: "user_agent"
            case .responseCode: "response_code"
            case .responseMessage: "response_message"
            case .responseReason: "response_reason"
            case .responseStatus: "response_status"
            case .resource: "resource"
            }
        }

        /// Bytes of each half of `Evidence.byteLimit` that other columns never take, so that a client that sends many
        /// long values of one column leaves room for the others: one value of full length for the columns whose values
        /// are long.
        public var reserve: Int {
            switch self {
            case .responseCode, .responseStatus: 20
            case .responseReason: 26
            case .user: 32
            case .groups, .verb: 48
            case .resource: 96
            case .requestURI, .userAgent, .responseMessage: Evidence.lengthLimit + PackedTexts.overhead
            }
        }
    }

    /// The parts of an evidence that a request has changed. They are stored apart, since the first values seldom change.
    public struct Change: OptionSet, Sendable, Hashable {
        /// The parts as bits.
        public let rawValue: UInt8
        /// The first values, or their outcomes.
        public static let first = Change(rawValue: 1)
        /// The newest values, or their outcomes.
        public static let newest = Change(rawValue: 2)

        /// These parts.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }
    }

    private var distinct = DistinctTexts()
    /// How often a value of a column gave way or found no room, by column; empty while that did not happen.
    public private(set) var leftOutValues: [UInt64] = []

    /// No values.
    public init() {}

    /// Values as they were stored. A part that is damaged has none.
    ///
    /// - Parameters:
    ///   - first: As in `firstTexts`.
    ///   - newest: As in `newestTexts`.
    ///   - leftOutValues: As in `leftOutValues`.
    public init(first: [UInt8], newest: [UInt8], leftOutValues: [UInt64]) {
        distinct = DistinctTexts(first: first, newest: newest)
        if leftOutValues.count == Column.allCases.count { self.leftOutValues = leftOutValues }
    }

    /// The first values, packed (see `PackedTexts`), to be stored.
    public var firstTexts: [UInt8] { distinct.first.bytes }

    /// The newest values, packed, to be stored.
    public var newestTexts: [UInt8] { distinct.newest.bytes }

    /// The values of a column, in the order in which they were first seen.
    public func values(_ column: Column) -> [String] { distinct.values(column).map(\.text) }

    /// The values of a column that requests of an outcome had, in the order in which they were first seen.
    public func values(_ column: Column, of outcome: Outcome) -> [String] {
        distinct.values(column).filter { $0.outcomes.contains(OutcomeSet(outcome)) }.map(\.text)
    }

    /// The outcomes of the requests whose values are kept.
    public var outcomes: OutcomeSet { distinct.outcomes }

    /// How often a value of a column gave way to another one or found no room, since limits were reached. A value that
    /// is seen again later counts again.
    public func leftOut(_ column: Column) -> UInt64 {
        leftOutValues.isEmpty ? 0 : leftOutValues[Int(column.rawValue)]
    }

    /// Adds the values of a request. An absent or empty field has none.
    ///
    /// - Returns: What has changed.
    @discardableResult
    public mutating func note(_ event: AuditEvent, _ outcome: Outcome) -> Change {
        let outcome = OutcomeSet(outcome)
        var change: Change = []
        func note(_ text: String?, _ column: Column) {
            guard let text, !text.isEmpty else { return }
            let insertion = distinct.insert(text, outcome, in: column)
            if insertion.changesFirst { change.insert(.first) }
            if insertion.changesNewest { change.insert(.newest) }
            if insertion.lost > 0 { noteLeftOut(insertion.lost, column) }
        }
        note(event.username, .user)
        for group in event.groups { note(group, .groups) }
        note(event.verb, .verb)
        note(event.requestURI, .requestURI)
        note(event.userAgent, .userAgent)
        note(event.responseCode.map { String($0) }, .responseCode)
        note(event.responseMessage, .responseMessage)
        note(event.responseReason, .responseReason)
        note(event.responseStatus, .responseStatus)
        note(event.resource, .resource)
        return change
    }

    private mutating func noteLeftOut(_ count: Int, _ column: Column) {
        if leftOutValues.isEmpty { leftOutValues = Array(repeating: 0, count: Column.allCases.count) }
        leftOutValues[Int(column.rawValue)] &+= UInt64(count)
    }
}
