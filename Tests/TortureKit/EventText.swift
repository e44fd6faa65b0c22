import Glibc
import TestSupport

/// An audit event as text, implemented independently of the exporter.
struct EventText {
    var auditID: String
    var stage = "ResponseComplete"
    var verb = "get"
    var requestURI = "/api/v1/secrets"
    /// `user`, and further members about the client, as JSON.
    var user = anonymous
    var sourceIPs: [String]
    /// Omitted if it is `nil`.
    var userAgent: String?
    /// No response if it is `nil`.
    var code: Int? = 403
    /// Microseconds since 1970.
    var received: Int
    /// Microseconds since 1970.
    var reached: Int
    /// Of `responseStatus`.
    var message: String?
    /// Of `responseStatus`.
    var reason: String?
    var resource: Resource?
    /// Further members.
    var more: [String] = []

    /// `objectRef`, as far as the exporter uses it.
    struct Resource {
        var name: String
        var group: String?
        var subresource: String?
    }

    static let noUser = #""user":{}"#
    static let anonymous = #""user":{"username":"system:anonymous","groups":["system:unauthenticated"]}"#

    /// In the form of an API server.
    var text: String { "{\(members.joined(separator: ","))}" }

    /// In the form of another shipper: the same members in another order, with spaces.
    func respelled(using random: inout SeededGenerator) -> String {
        "{ \(members.shuffled(using: &random).joined(separator: " ,\t ")) }"
    }

    private var members: [String] {
        var members = [
            #""kind":"Event""#, #""apiVersion":"audit.k8s.io/v1""#, #""level":"Metadata""#,
            #""auditID":\#(Self.json(auditID))"#, #""stage":"\#(stage)""#, #""requestURI":\#(Self.json(requestURI))"#,
            #""verb":"\#(verb)""#, user,
        ]
        if !sourceIPs.isEmpty { members.append(#""sourceIPs":[\#(sourceIPs.map(Self.json).joined(separator: ","))]"#) }
        if let userAgent { members.append(#""userAgent":\#(Self.json(userAgent))"#) }
        if let code {
            let failure = code < 400 ? "" : #""status":"Failure","#
            let message = message.map { #""message":\#(Self.json($0)),"# } ?? ""
            let reason = reason.map { #""reason":\#(Self.json($0)),"# } ?? ""
            members.append(#""responseStatus":{"metadata":{},\#(failure)\#(message)\#(reason)"code":\#(code)}"#)
        }
        if let resource {
            let group = resource.group.map { #","apiGroup":"\#($0)""# } ?? ""
            let subresource = resource.subresource.map { #","subresource":"\#($0)""# } ?? ""
            members.append(
                #""objectRef":{"resource":"\#(resource.name)","name":"a"\#(group)\#(subresource),"apiVersion":"v1"}"#)
        }
        members.append(#""requestReceivedTimestamp":"\#(Self.time(received))""#)
        members.append(#""stageTimestamp":"\#(Self.time(reached))""#)
        return members + more
    }

    /// The values of a request without a user or of an anonymous one, by the name of the exporter's column.
    var values: [String: String] {
        var values = ["verb": verb, "request_uri": requestURI]
        if user == Self.anonymous {
            values["user"] = "system:anonymous"
            values["groups"] = "system:unauthenticated"
        }
        values["response_code"] = code.map { "\($0)" }
        values["response_status"] = code.map { $0 < 400 ? nil : "Failure" } ?? nil
        values["user_agent"] = userAgent
        values["response_message"] = message
        values["response_reason"] = reason
        values["resource"] = resource.map { resource in
            resource.name + (resource.group.map { ".\($0)" } ?? "") + (resource.subresource.map { "/\($0)" } ?? "")
        }
        return values
    }

    /// A JSON string with Go's escapes.
    static func json(_ text: String) -> String {
        var json: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "&"): json += Array(#"\u0026"#.utf8)
            case UInt8(ascii: "<"): json += Array(#"\u003c"#.utf8)
            case UInt8(ascii: ">"): json += Array(#"\u003e"#.utf8)
            default: json.append(byte)
            }
        }
        return String(decoding: json + [UInt8(ascii: "\"")], as: UTF8.self)
    }

    /// RFC 3339 with microseconds.
    static func time(_ microseconds: Int) -> String {
        let (date, time) = dateAndTime(microseconds / 1_000_000)
        return "\(date)T\(time.joined(separator: ":")).\(digits(microseconds % 1_000_000, 6))Z"
    }

    /// The date, and hours, minutes and seconds, in UTC.
    static func dateAndTime(_ seconds: Int) -> (date: String, time: [String]) {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map { digits(Int($0), 2) }
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
        return (date.joined(separator: "-"), time)
    }

    static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    /// Microseconds since 1970.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
