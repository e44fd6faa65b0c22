public import AuditEvents
import Foundation

/// The slow and obvious way to read a line, as a reference for the fast one: Foundation parses all of it.
///
/// Foundation refuses some bytes that Go's decoder reads, and that an API server copies from clients: those that are
/// not UTF-8, halves of surrogate pairs, numbers of any size. They are replaced first, as Go replaces them.
public enum FoundationReference {
    /// The meaning of a line.
    public enum Reading: Hashable {
        /// Not a JSON object.
        case malformed
        /// An event, but not a selected one.
        case other
        /// An object that is no event.
        case notAnEvent
        /// An event that a selector matches, with its fields.
        case selected(SelectedEvent)
    }

    /// Parses a whole line without its line feed.
    public static func read(_ line: [UInt8], selecting selectors: [EventSelector]) -> Reading {
        // White space before an object is that of another program.
        if let first = line.first, [0x09, 0x0D, 0x20].contains(first) { return .malformed }
        guard let object = object(line) else { return .malformed }
        guard isEvent(object) else { return .notAnEvent }
        let event = event(from: object)
        guard let selector = selection(of: event, by: selectors) else { return .other }
        return .selected(SelectedEvent(event, selector: selector))
    }

    /// Whether an object is an audit event, by its kind or by its fields.
    public static func isEvent(_ object: [String: Any]) -> Bool {
        if object["kind"] as? String == "Event", let version = object["apiVersion"] as? String,
            version.utf8.starts(with: "audit.k8s.io/".utf8)
        {
            return true
        }
        return (object["user"] != nil || object["auditID"] != nil)
            && (object["responseStatus"] != nil || object["stage"] != nil)
    }

    /// The object that a text is; `nil` where it is none.
    public static func object(_ text: [UInt8]) -> [String: Any]? {
        guard !hasTrailingComma(text) else { return nil }
        let text = OddText.replaced(text)
        return try? JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
    }

    /// The index of the first selector that matches the event; `nil` where none does.
    public static func selection(of event: AuditEvent, by selectors: [EventSelector]) -> Int? {
        selectors.firstIndex { event.matches($0) }
    }

    /// The fields of a parsed event.
    public static func event(from object: [String: Any]) -> AuditEvent {
        let user = object["user"] as? [String: Any] ?? [:]
        let status = object["responseStatus"] as? [String: Any] ?? [:]
        let reference = object["objectRef"] as? [String: Any] ?? [:]
        let text = { (name: String) in object[name] as? String ?? "" }
        let texts = { (value: Any?) in (value as? [Any] ?? []).map { $0 as? String ?? "" } }
        var event = AuditEvent(
            auditID: text("auditID"), stage: text("stage"), requestURI: text("requestURI"), verb: text("verb"),
            username: user["username"] as? String ?? "", groups: texts(user["groups"]),
            sourceIPs: texts(object["sourceIPs"]), userAgent: object["userAgent"] as? String,
            responseCode: (status["code"] as? NSNumber).flatMap { Int(exactly: $0.doubleValue) },
            responseStatus: status["status"] as? String, responseReason: status["reason"] as? String,
            responseMessage: status["message"] as? String,
            resource: AuditEvent.resourceName(
                reference["resource"] as? String, group: reference["apiGroup"] as? String,
                subresource: reference["subresource"] as? String),
            requestReceivedTimestamp: text("requestReceivedTimestamp"), stageTimestamp: text("stageTimestamp"))
        event.checkIdentity()
        return event
    }

    /// Foundation accepts `[1,]` and `{"a":1,}`, which RFC 8259 does not allow.
    public static func hasTrailingComma(_ line: [UInt8]) -> Bool {
        var isInString = false
        var isEscaped = false
        var lastMark: UInt8 = 0
        for byte in line {
            if isInString {
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            if lastMark == UInt8(ascii: ","), byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { return true }
            if byte == UInt8(ascii: "\"") { isInString = true }
            if ![0x20, 0x09, 0x0d].contains(byte) { lastMark = byte }
        }
        return false
    }
}

extension AuditEvent {
    fileprivate func matches(_ selector: EventSelector) -> Bool {
        guard let responseCode, selector.responseCodes.contains(responseCode) else { return false }
        if selector.excludesOpenPaths, OpenPaths.contain(requestURI: requestURI, verb: verb) { return false }
        switch selector.user {
        case .member(let group): return groups.contains(group)
        case .absent: return username.isEmpty
        }
    }
}
