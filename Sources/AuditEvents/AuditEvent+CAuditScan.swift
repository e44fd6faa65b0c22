import CAuditScan

extension AuditEvent {
    /// Copies the event, because the scanner's memory is valid only until its next call.
    init(_ event: audit_event) {
        self.init(
            auditID: String(event.audit_id) ?? "",
            stage: String(event.stage) ?? "",
            requestURI: String(event.request_uri) ?? "",
            verb: String(event.verb) ?? "",
            username: String(event.username) ?? "",
            groups: UnsafeBufferPointer(start: event.groups, count: event.group_count).map { String($0) ?? "" },
            sourceIPs: UnsafeBufferPointer(start: event.source_ips, count: event.source_ip_count)
                .map { String($0) ?? "" },
            userAgent: String(event.user_agent),
            responseCode: event.has_response_code ? Int(event.response_code) : nil,
            responseStatus: String(event.response_status),
            responseReason: String(event.response_reason),
            responseMessage: String(event.response_message),
            requestReceivedTimestamp: String(event.request_received_timestamp) ?? "",
            stageTimestamp: String(event.stage_timestamp) ?? "")
    }
}

extension String {
    init?(_ text: audit_string) {
        guard let bytes = text.bytes else { return nil }
        self.init(decoding: UnsafeRawBufferPointer(start: bytes, count: text.length), as: UTF8.self)
    }
}
