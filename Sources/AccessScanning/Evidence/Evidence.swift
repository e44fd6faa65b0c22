public import AuditEvents

/// The distinct values of what a source sent and got.
///
/// Prometheus cannot hold them as labels, and a person who follows an alert needs them. They are bounded, since clients
/// choose most of them. What does not fit is counted.
public struct Evidence: Sendable, Hashable {
    /// The maximum number of values of a column.
    public static let valueLimit = DistinctTexts.columnLimit
    /// The maximum length of all values together, each with one byte more than its UTF-8. An ordinary scan fits: 20 URIs
    /// of 30 bytes, 20 messages of 60 bytes, 5 user agents; 11,000 sources with as much take 32 MiB.
    public static let byteLimit = 2560
    /// The maximum length of a value in bytes of UTF-8. A longer one is cut, and ends in "…".
    public static let lengthLimit = DistinctTexts.lengthLimit

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

        /// Bytes of `Evidence.byteLimit` that other columns never take, so that a client that sends many long values
        /// of one column leaves room for the others.
        public var reserve: Int {
            switch self {
            case .responseCode, .responseStatus: 16
            case .responseReason: 24
            case .user: 32
            case .groups, .verb: 48
            case .resource: 160
            case .userAgent: 288
            case .requestURI, .responseMessage: 512
            }
        }
    }

    private var distinct = DistinctTexts()
    /// The requests whose value of a column was not kept, by column; empty while there are none.
    public private(set) var leftOutRequests: [UInt64] = []

    /// No values.
    public init() {}

    /// Values as they were stored; none if the bytes are not those of an evidence.
    ///
    /// - Parameters:
    ///   - texts: As in `texts`.
    ///   - leftOutRequests: As in `leftOutRequests`.
    public init(texts: [UInt8], leftOutRequests: [UInt64]) {
        guard let distinct = DistinctTexts(bytes: texts) else { return }
        self.distinct = distinct
        if leftOutRequests.count == Column.allCases.count { self.leftOutRequests = leftOutRequests }
    }

    /// All values, packed (see `PackedTexts`), to be stored.
    public var texts: [UInt8] { distinct.packed.bytes }

    /// The values of a column, in the order in which they were first seen.
    public func values(_ column: Column) -> [String] { distinct.values(column) }

    /// The requests whose value of a column was not kept, since its limits were reached.
    public func leftOut(_ column: Column) -> UInt64 {
        leftOutRequests.isEmpty ? 0 : leftOutRequests[Int(column.rawValue)]
    }

    /// Adds the values of a request. An absent or empty field has none.
    ///
    /// - Returns: Whether there is a new value.
    @discardableResult
    public mutating func note(_ event: AuditEvent) -> Bool {
        var hasNewValue = note(event.username, .user)
        hasNewValue = note(event.groups) || hasNewValue
        hasNewValue = note(event.verb, .verb) || hasNewValue
        hasNewValue = note(event.requestURI, .requestURI) || hasNewValue
        hasNewValue = note(event.userAgent, .userAgent) || hasNewValue
        if let code = event.responseCode { hasNewValue = note(String(code), .responseCode) || hasNewValue }
        hasNewValue = note(event.responseMessage, .responseMessage) || hasNewValue
        hasNewValue = note(event.responseReason, .responseReason) || hasNewValue
        hasNewValue = note(event.responseStatus, .responseStatus) || hasNewValue
        return note(event.resource, .resource) || hasNewValue
    }

    private mutating func note(_ text: String?, _ column: Column) -> Bool {
        guard let text, !text.isEmpty else { return false }
        let outcome = distinct.insert(text, in: column)
        if outcome == .leftOut { noteLeftOut(column) }
        return outcome == .added
    }

    private mutating func note(_ groups: [String]) -> Bool {
        var hasNewValue = false
        var isLeftOut = false
        for group in groups where !group.isEmpty {
            let outcome = distinct.insert(group, in: .groups)
            hasNewValue = hasNewValue || outcome == .added
            isLeftOut = isLeftOut || outcome == .leftOut
        }
        if isLeftOut { noteLeftOut(.groups) }
        return hasNewValue
    }

    private mutating func noteLeftOut(_ column: Column) {
        if leftOutRequests.isEmpty { leftOutRequests = Array(repeating: 0, count: Column.allCases.count) }
        leftOutRequests[Int(column.rawValue)] &+= 1
    }
}
