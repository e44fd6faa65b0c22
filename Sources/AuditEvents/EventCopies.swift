/// Copies events. Those with one template share its strings.
struct EventCopies {
    private var templates: [(number: UInt64, event: AuditEvent)] = []
    private var times = TimeReader()

    /// A copy that can be kept.
    mutating func copy(_ event: borrowing EventView) -> AuditEvent {
        guard event.template != 0 else { return event.copy() }
        let slot = event.templateSlot
        if templates.isEmpty {
            templates = Array(repeating: (0, AuditEvent()), count: EventView.templateSlots)
        }
        guard templates[slot].number == event.template else {
            let copy = event.copy()
            templates[slot] = (event.template, copy)
            return copy
        }
        var copy = templates[slot].event
        event.writeGaps(to: &copy)
        let hasTimes =
            times.microseconds(event.requestReceivedTimestamp) != nil && times.microseconds(event.stageTimestamp) != nil
        if hasTimes {
            copy.hasCompleteIdentity = !copy.auditID.isEmpty
        } else if !event.hasUniqueID {
            copy.checkIdentity()
        }
        return copy
    }
}
