public import Foundation

/// One event in the form of an API server's log: by default of a refused request without credentials.
///
/// ```swift
/// AuditLine(from: ["203.0.113.9", "192.0.2.1"]).text
/// ```
public struct AuditLine: Sendable, Hashable {
    /// `sourceIPs`, the address of the connection last.
    public var sourceIPs: [String]
    /// `auditID`
    public var auditID: String
    /// `stage`
    public var stage = "ResponseComplete"
    /// `verb`
    public var verb = "list"
    /// `requestURI`
    public var requestURI = "/api/v1/secrets"
    /// `userAgent`; omitted if it is `nil`.
    public var userAgent: String? = "curl/7.88.1"
    /// `user.username`; without it and groups there is no user, as with code 401.
    public var username = "system:anonymous"
    /// `user.groups`
    public var groups = ["system:unauthenticated"]
    /// `responseStatus.code`
    public var code = 403
    /// `responseStatus.message`; omitted if it is `nil`.
    public var message: String?
    /// `requestReceivedTimestamp`, RFC 3339 with microseconds.
    public var received: String
    /// `stageTimestamp`, the same.
    public var reached: String

    /// An event of a request that arrived now.
    ///
    /// - Parameters:
    ///   - sourceIPs: The addresses that the client claims, then the address of its connection.
    ///   - auditID: The request's ID; a new one unless given.
    ///   - time: The time at which the request arrived, and this stage was reached.
    public init(from sourceIPs: [String], auditID: String = UUID().uuidString.lowercased(), at time: Date = Date()) {
        self.sourceIPs = sourceIPs
        self.auditID = auditID
        received = Self.timestamp(time)
        reached = received
    }

    /// The event as one line of JSON with its newline, in the key order of an API server.
    public var text: String {
        let status = code < 400 ? "" : #""status":"Failure",\#(code == 403 ? #""reason":"Forbidden","# : "")"#
        let answer = message.map { #""message":\#(Self.json($0)),"# } ?? ""
        let user =
            username.isEmpty && groups.isEmpty
            ? "{}" : #"{"username":\#(Self.json(username)),"groups":\#(Self.json(groups))}"#
        let agent = userAgent.map { #""userAgent":\#(Self.json($0)),"# } ?? ""
        return """
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":\(Self.json(auditID)),\
            "stage":\(Self.json(stage)),"requestURI":\(Self.json(requestURI)),"verb":\(Self.json(verb)),\
            "user":\(user),"sourceIPs":\(Self.json(sourceIPs)),\(agent)\
            "responseStatus":{"metadata":{},\(status)\(answer)"code":\(code)},\
            "requestReceivedTimestamp":\(Self.json(received)),"stageTimestamp":\(Self.json(reached))}

            """
    }

    private static func timestamp(_ time: Date) -> String {
        let microseconds = Int64((time.timeIntervalSince1970 * 1_000_000).rounded(.down))
        let seconds = Date(timeIntervalSince1970: Double(microseconds / 1_000_000)).formatted(.iso8601)
        let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        return "\(seconds.dropLast()).\(fraction)Z"
    }

    private static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
