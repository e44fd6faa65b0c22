import CAuditScan

// The scanner in C is used by one thread at a time, since only mutating methods of its one owner reach it.

/// Finds the selected events in pieces of a log and in the bodies of webhook requests.
///
/// ```swift
/// var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
/// let found = scanner.scan(lines: bytes.span.bytes)
/// ```
///
/// Most lines of an audit log are never parsed: a line is looked at only for where it ends and for whether it begins
/// and ends as an object does, unless its bytes may hold the selected group. One that may is parsed whole and
/// strictly. So every malformed line that could matter is found, and of the others those that are no JSON or cut off.
public struct EventScanner: ~Copyable, @unchecked Sendable {
    private let scanner: OpaquePointer

    /// A scanner that finds the events that match one of `selectors`.
    public init(selecting selectors: [EventSelector]) {
        guard let created = audit_scanner_create() else { fatalError("out of memory") }
        scanner = created
        for selector in selectors {
            let isAdded = Self.withText(selector.literal) { literal in
                Self.withText(selector.group) { group in
                    audit_scanner_select(
                        created,
                        audit_selector(
                            literal: literal, group: group, lowest_code: Int64(selector.responseCodes.lowerBound),
                            highest_code: Int64(selector.responseCodes.upperBound)))
                }
            }
            guard isAdded else { fatalError("out of memory") }
        }
    }

    deinit {
        audit_scanner_destroy(scanner)
    }

    /// Scans whole lines: each ends with a line feed, but for the last one, which may end where the bytes end.
    ///
    /// - Parameter lines: Bytes of a log, any number of lines.
    public mutating func scan(lines: RawSpan) -> ScannedEvents {
        lines.withUnsafeBytes { bytes in
            var found = ScannedEvents()
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let base else { return found }
            audit_lines_begin(scanner, base, bytes.count)
            collect(into: &found, next: audit_lines_next)
            found.lines = audit_lines_count(scanner)
            found.lastEventTimestamp = lastTimestamp(audit_lines_last)
            return found
        }
    }

    /// Scans an EventList (audit.k8s.io/v1, v1beta1), which is what the audit webhook sends.
    ///
    /// - Parameter body: The body of one request.
    /// - Throws: What is wrong with the body; nothing of it counts then.
    public mutating func scan(eventList body: RawSpan) throws(MalformedEvent) -> ScannedEvents {
        let outcome: Result<ScannedEvents, MalformedEvent> = body.withUnsafeBytes { bytes in
            var found = ScannedEvents()
            var reason: UnsafePointer<CChar>?
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let base else { return .failure(MalformedEvent(offset: 0, reason: "the body is empty")) }
            switch audit_list_begin(scanner, base, bytes.count, &reason) {
            case AUDIT_MALFORMED: return .failure(MalformedEvent(offset: 0, reason: Self.text(reason)))
            case AUDIT_EVENT: collect(into: &found, next: audit_list_next)
            default: break
            }
            if let item = found.malformed.first {
                return .failure(MalformedEvent(offset: 0, reason: "item \(item.offset): \(item.reason)"))
            }
            found.lines = audit_list_count(scanner)
            found.lastEventTimestamp = lastTimestamp(audit_list_last)
            return .success(found)
        }
        return try outcome.get()
    }

    private typealias Next = (
        OpaquePointer, UnsafeMutablePointer<audit_event>, UnsafeMutablePointer<Int>,
        UnsafeMutablePointer<UnsafePointer<CChar>?>
    ) -> audit_result

    private func collect(into found: inout ScannedEvents, next: Next) {
        var event = audit_event()
        var place = 0
        var reason: UnsafePointer<CChar>?
        while true {
            switch next(scanner, &event, &place, &reason) {
            case AUDIT_EVENT: found.events.append(SelectedEvent(AuditEvent(event), selector: event.selector))
            case AUDIT_MALFORMED: found.append(MalformedEvent(offset: place, reason: Self.text(reason)))
            default: return
            }
        }
    }

    private func lastTimestamp(_ last: (OpaquePointer, UnsafeMutablePointer<audit_event>) -> Bool) -> Double? {
        var event = audit_event()
        guard last(scanner, &event), let text = String(event.stage_timestamp) else { return nil }
        return EventTimestamp(text)?.secondsSince1970
    }

    private static func withText<Result>(_ text: String?, _ body: (audit_string) -> Result) -> Result {
        guard var text else { return body(audit_string()) }
        return text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { body(audit_string(bytes: $0.baseAddress, length: $0.count)) }
        }
    }

    private static func text(_ reason: UnsafePointer<CChar>?) -> String {
        reason.map { String(cString: $0) } ?? "malformed"
    }
}
