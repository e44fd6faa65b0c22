import CAuditScan

/// A selected event in the memory of the scanner: it is valid during the call that it is passed to, and cannot be kept.
///
/// Nothing of it is copied. Most events are read many thousand times a second and give one count each, so that strings
/// made of their fields would cost more than finding them.
///
/// ```swift
/// scanner.scan(lines: bytes) { event in requests.add(event, of: event.selector) }
/// ```
public struct EventView: ~Copyable {
    private let fields: UnsafePointer<audit_event>
    /// The first matching selector: its index in the list that the scanner was given.
    public let selector: Int
    /// The number of the template: events with the same number differ in auditID, sourceIPs, requestReceivedTimestamp and
    /// stageTimestamp only. No other template of the process has it. Zero for an event without a template.
    package let template: UInt64
    /// A number below `templateSlots`, which no other template has at the same time.
    package let templateSlot: Int
    /// The ID as it is written.
    package let auditID: UnsafeRawBufferPointer
    /// When the request was received, as it is written.
    package let requestReceivedTimestamp: UnsafeRawBufferPointer
    /// When the request reached the stage, as it is written.
    package let stageTimestamp: UnsafeRawBufferPointer
    /// With a template: the source addresses as JSON strings, with commas between them.
    package let sourceIPList: UnsafeRawBufferPointer

    /// The number of templates that a scanner has at a time.
    package static let templateSlots = Int(AUDIT_TEMPLATE_SLOTS)

    init(_ fields: UnsafePointer<audit_event>) {
        self.fields = fields
        selector = fields.pointee.selector
        template = fields.pointee.template_id
        templateSlot = fields.pointee.template_slot
        auditID = UnsafeRawBufferPointer(fields.pointee.audit_id)
        requestReceivedTimestamp = UnsafeRawBufferPointer(fields.pointee.request_received_timestamp)
        stageTimestamp = UnsafeRawBufferPointer(fields.pointee.stage_timestamp)
        sourceIPList = UnsafeRawBufferPointer(fields.pointee.source_ip_list)
    }

    /// A copy that can be kept.
    public func copy() -> AuditEvent { AuditEvent(fields.pointee) }

    /// Whether the ID is unique by itself.
    var hasUniqueID: Bool { fields.pointee.has_unique_id }

    /// Writes what differs between events of one template.
    func writeGaps(to event: inout AuditEvent) {
        event.auditID = String(decoding: auditID, as: UTF8.self)
        event.sourceIPs = copySourceIPs()
        event.requestReceivedTimestamp = String(decoding: requestReceivedTimestamp, as: UTF8.self)
        event.stageTimestamp = String(decoding: stageTimestamp, as: UTF8.self)
        if hasUniqueID { event.hasCompleteIdentity = !event.auditID.isEmpty }
    }

    /// A copy of the source addresses.
    package func copySourceIPs() -> [String] { AuditEvent.sourceIPs(of: fields.pointee) }
}

extension UnsafeRawBufferPointer {
    fileprivate init(_ text: audit_string) {
        self.init(start: text.bytes, count: text.length)
    }
}
