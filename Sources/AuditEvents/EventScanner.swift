import CAuditScan

// The scanner in C is used by one thread at a time, since only mutating methods of its one owner reach it.

/// Finds the selected events in pieces of a log and in the bodies of webhook requests.
///
/// ```swift
/// var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
/// let found = scanner.scan(lines: bytes.span.bytes)
/// ```
///
/// Most events are never parsed: an event whose bytes contain no selector's group or code, or whose line is long and has
/// none in `user` and `responseStatus`, is only checked to begin and end as an object. An event that may match must be
/// valid JSON as a whole, and its fields are read as Go's decoder reads them. So every malformed event that could match is
/// reported; others are reported if they are cut off or not an object. An object that is no audit event is reported if it
/// holds a group or code, or is a known envelope: its events are not counted.
///
/// Bytes that a client sent (`requestObject`, `responseObject`) are checked for their structure only: the API server
/// copies them, and they need not be valid UTF-8.
public struct EventScanner: ~Copyable, @unchecked Sendable {
    private let scanner: OpaquePointer
    private let selectors: [EventSelector]
    private var copies = EventCopies()

    /// A scanner that finds the events that match one of `selectors`.
    public init(selecting selectors: [EventSelector]) {
        guard let created = audit_scanner_create() else { fatalError("out of memory") }
        scanner = created
        self.selectors = selectors
        for selector in selectors {
            let isAdded = Self.withText(selector.group) { group in
                audit_scanner_select(
                    created,
                    audit_selector(
                        group: group, lowest_code: Int64(selector.responseCodes.lowerBound),
                        highest_code: Int64(selector.responseCodes.upperBound)))
            }
            guard isAdded else { fatalError("out of memory") }
        }
    }

    /// For tests: compares blocks of `width` bytes, 0 (byte by byte), 16 or 32, instead of the widest that the processor
    /// has.
    package mutating func setBlockWidth(_ width: Int) {
        audit_scanner_set_block_width(scanner, width)
    }

    /// For tests: the length of the object or array that bytes begin with, found with blocks of `blockWidth` bytes; `nil`
    /// if it has no end.
    package static func lengthOfContainer(in bytes: RawSpan, blockWidth: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let length = base.map { audit_container_length($0, bytes.count, blockWidth) } ?? 0
            return length > 0 ? length : nil
        }
    }

    /// For tests: the memory that holds decoded texts, in bytes.
    package var memory: Int { audit_scanner_memory(scanner) }

    deinit {
        audit_scanner_destroy(scanner)
    }

    /// Scans whole lines: each ends with a line feed, except the last one, which may end where the bytes end. If the bytes
    /// are not the last, that line goes on.
    ///
    /// - Parameters:
    ///   - lines: Bytes of a log, any number of lines.
    ///   - format: The form of their records.
    ///   - isLast: Whether nothing follows. If not, a record that goes on in further lines is left over: see
    ///     `ScannedEvents.rest`.
    ///   - isContinued: Whether they begin with a record of which a part was read: see `ScannedEvents.restHead`.
    ///   - findsTime: Whether `ScannedEvents.lastEventTimestamp` is wanted, for which the last line is read in full.
    public mutating func scan(
        lines: RawSpan, as format: AuditFormat = .auto, isLast: Bool = true, isContinued: Bool = false,
        findsTime: Bool = true
    ) -> ScannedEvents {
        var events: [SelectedEvent] = []
        var copies = EventCopies()
        swap(&copies, &self.copies)
        var found = scan(
            lines: lines, as: format, isLast: isLast, isContinued: isContinued, findsTime: findsTime
        ) {
            events.append(SelectedEvent(copies.copy($0), selector: $0.selector))
        }
        swap(&copies, &self.copies)
        found.events = events
        return found
    }

    /// Scans whole lines without copying events.
    ///
    /// - Parameters:
    ///   - lines: Bytes of a log, any number of lines.
    ///   - format: The form of their records.
    ///   - isLast: Whether nothing follows.
    ///   - isContinued: Whether they begin with a record of which a part was read.
    ///   - findsTime: Whether `ScannedEvents.lastEventTimestamp` is wanted, for which the last line is read in full.
    ///   - take: Takes each selected event, in the order in which they were written.
    /// - Returns: All that was found except the events.
    public mutating func scan(
        lines: RawSpan, as format: AuditFormat = .auto, isLast: Bool = true, isContinued: Bool = false,
        findsTime: Bool = true, take: (borrowing EventView) -> Void
    ) -> ScannedEvents {
        lines.withUnsafeBytes { bytes in
            var found = ScannedEvents()
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let base else { return found }
            audit_lines_begin(scanner, format.code, base, bytes.count, isLast, isContinued)
            _ = collect(into: &found, events: .max, bytes: .max, take) { $0 }
            found.lines = audit_count(scanner)
            if findsTime { found.lastEventTimestamp = lastTimestamp() }
            found.foreign = audit_foreign(scanner)
            found.truncated = audit_truncated(scanner)
            found.rest = audit_rest(scanner)
            var start = 0
            let length = audit_rest_head(scanner, &start)
            found.restHead = length > 0 ? start..<start + length : nil
            found.skipsLine = audit_skips_line(scanner)
            return found
        }
    }

    /// Whether bytes are whole JSON objects or arrays, one or several behind each other. Then nothing is missing of them,
    /// also without a line feed.
    public static func areWhole(_ bytes: RawSpan) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            return audit_is_whole(base, bytes.count)
        }
    }

    /// What a line looks like that is not an audit event, also if it cannot hold a selected one, so that `scan` does not
    /// report it.
    ///
    /// - Parameters:
    ///   - line: One line of a log.
    ///   - format: The form of its records.
    /// - Returns: `nil` if it is an audit event, or looks like nothing that is known.
    public mutating func foreignShape(ofLine line: RawSpan, as format: AuditFormat = .auto) -> RecordShape? {
        line.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            audit_lines_begin(scanner, format.code, base, bytes.count, true, false)
            var (event, offset) = (audit_event(), 0)
            var reason: UnsafePointer<CChar>?
            while audit_next(scanner, &event, &offset, &reason) != AUDIT_END {}
            let isRead = audit_foreign(scanner) > 0 || audit_truncated(scanner) > 0
            return isRead || audit_last_is_event(scanner) ? nil : RecordShape(audit_last_shape(scanner))
        }
    }

    /// Scans an EventList (audit.k8s.io/v1, v1beta1), the body of an audit webhook request, at once.
    ///
    /// - Parameter body: The body of one request.
    /// - Throws: The reason why the body is not an EventList; then none of its events count. An item that cannot be read
    ///   does not throw; it is one of the returned malformed events.
    public mutating func scan(eventList body: RawSpan) throws(MalformedEvent) -> ScannedEvents {
        try begin(eventList: body)
        var found = ScannedEvents()
        var isLast = false
        while !isLast { isLast = collect(into: &found, from: body) }
        return found
    }

    /// Begins an EventList that is scanned part by part.
    ///
    /// - Parameter body: The body of one request.
    /// - Throws: The reason why the body is not an EventList; then none of its events count.
    public mutating func begin(eventList body: RawSpan) throws(MalformedEvent) {
        let reason: String? = body.withUnsafeBytes { bytes in
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let base else { return "the body is empty" }
            return audit_list_begin(scanner, base, bytes.count).map { String(cString: $0) }
        }
        if let reason { throw MalformedEvent(offset: 0, reason: reason) }
    }

    /// Scans the next part of the EventList. A part has a bounded number of events, so that the events of a large body
    /// never take several times its size in memory.
    ///
    /// - Parameter body: The same bytes as in `begin`; they may have moved in memory.
    /// - Returns: The content of the part, and whether it is the last one.
    public mutating func nextPart(of body: RawSpan) -> (found: ScannedEvents, isLast: Bool) {
        var found = ScannedEvents()
        let isLast = collect(into: &found, from: body)
        return (found, isLast)
    }

    // A part ends with the event, malformed or not, that reaches one of these limits.
    private static let eventsInPart = 1024
    private static let bytesInPart = 1 << 20

    private mutating func collect(into found: inout ScannedEvents, from body: RawSpan) -> Bool {
        body.withUnsafeBytes { bytes in
            let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let base else { return true }
            audit_list_continue(scanner, base)
            let before = audit_count(scanner)
            var events: [SelectedEvent] = []
            var copies = EventCopies()
            swap(&copies, &self.copies)
            let isLast = collect(
                into: &found, events: Self.eventsInPart, bytes: Self.bytesInPart,
                { events.append(SelectedEvent(copies.copy($0), selector: $0.selector)) },
                describe: { "item \(audit_count(scanner) - 1): \($0)" })
            swap(&copies, &self.copies)
            found.events += events
            found.lines += audit_count(scanner) - before
            if isLast { found.lastEventTimestamp = lastTimestamp() }
            return isLast
        }
    }

    /// - Returns: Whether the end was reached.
    private func collect(
        into found: inout ScannedEvents, events limit: Int, bytes byteLimit: Int,
        _ take: (borrowing EventView) -> Void, describe: (String) -> String
    ) -> Bool {
        var event = audit_event()
        var offset = 0
        var reason: UnsafePointer<CChar>?
        var events = 0
        var bytes = 0
        while events < limit, bytes < byteLimit {
            switch audit_next(scanner, &event, &offset, &reason) {
            case AUDIT_EVENT where isExcluded(event):
                continue
            case AUDIT_EVENT:
                withUnsafePointer(to: event) { take(EventView($0)) }
                events += 1
                bytes += event.length
            case AUDIT_MALFORMED:
                found.append(at: offset) {
                    MalformedEvent(
                        offset: offset, reason: describe(Self.text(reason)),
                        shape: RecordShape(audit_last_shape(scanner)),
                        format: AuditFormat(audit_last_format(scanner)))
                }
                // A malformed item has a cost too, so that a body full of them is split into parts.
                bytes += 64
            default:
                return true
            }
        }
        return false
    }

    /// Whether the selector that matches an event excludes its path.
    private func isExcluded(_ event: audit_event) -> Bool {
        guard selectors[event.selector].excludesOpenPaths else { return false }
        return OpenPaths.contain(
            requestURI: String(event.request_uri) ?? "", verb: String(event.verb) ?? "")
    }

    private func lastTimestamp() -> Double? {
        var event = audit_event()
        guard audit_last(scanner, &event), let text = String(event.stage_timestamp) else { return nil }
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

extension audit_event {
    /// Approximate size of the event: its longer strings, and 64 bytes per list entry.
    fileprivate var length: Int {
        audit_id.length + request_uri.length + user_agent.length + username.length + response_message.length
            + subresource.length
            + 64 * (group_count + source_ip_count)
    }
}

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
            sourceIPs: Self.sourceIPs(of: event),
            userAgent: String(event.user_agent),
            responseCode: event.has_response_code ? Int(event.response_code) : nil,
            responseStatus: String(event.response_status),
            responseReason: String(event.response_reason),
            responseMessage: String(event.response_message),
            resource: Self.resourceName(
                String(event.resource), group: String(event.api_group), subresource: String(event.subresource)),
            requestReceivedTimestamp: String(event.request_received_timestamp) ?? "",
            stageTimestamp: String(event.stage_timestamp) ?? "")
        checkIdentity()
        // Entries of GKE have one time, which may be cut, and an ID that no client has chosen.
        if event.has_unique_id { hasCompleteIdentity = !auditID.isEmpty }
    }
}

extension AuditEvent {
    static func sourceIPs(of event: audit_event) -> [String] {
        UnsafeBufferPointer(start: event.source_ips, count: event.source_ip_count).map { String($0) ?? "" }
    }
}

extension String {
    init?(_ text: audit_string) {
        guard let bytes = text.bytes else { return nil }
        self.init(decoding: UnsafeRawBufferPointer(start: bytes, count: text.length), as: UTF8.self)
    }
}
