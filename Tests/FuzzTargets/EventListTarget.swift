import AuditEvents
import Foundation
import TestSupport

/// A body that is an EventList to a full parse gives all its events, in order; one that is none is refused, or costs only
/// the items that cannot be read.
enum EventListTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        var scanner = EventScanner(selecting: EventSelector.ofOutcomes)
        let found = try? scanner.scan(eventList: bytes.span.bytes)
        if let found {
            try Disagreement.unless(
                found.events.count + found.malformedCount <= found.lines, "more events than items: \(found)")
        }
        guard ReferenceLimits.covers(bytes), let expected = events(of: bytes) else { return }
        guard let found else { throw Disagreement("expected \(expected), and the body is refused") }
        // An unusual spelling of a code is found if another event of the list, or a text, makes its item be parsed.
        let isExact = !PlainCodes.mayBeSpelledOtherwise(bytes)
        let selected = isExact ? expected.selected : expected.selected.filter(found.events.contains)
        try Disagreement.unless(found.events == selected, "expected \(expected), found \(found)")
        try Disagreement.unless(found.lines == expected.count, "expected \(expected.count) items")
        // Objects that are no events are reported only if they may hold the group or the code.
        try Disagreement.unless(
            expected.malformed.contains(found.malformedCount),
            "expected \(expected.malformed) malformed, found \(found.malformedCount)")
    }

    private static func events(of bytes: [UInt8]) -> (
        selected: [SelectedEvent], count: Int, malformed: ClosedRange<Int>
    )? {
        guard let body = FoundationReference.object(bytes), body["kind"] as? String == "EventList",
            let version = body["apiVersion"] as? String,
            ["audit.k8s.io/v1", "audit.k8s.io/v1beta1"].contains(version)
        else { return nil }
        guard let value = body["items"], !(value is NSNull) else { return ([], 0, 0...0) }
        guard let list = value as? [Any] else { return nil }
        let objects = list.compactMap { $0 as? [String: Any] }
        let events = objects.filter(FoundationReference.isEvent).map(FoundationReference.event)
        let others = objects.count { !FoundationReference.isEvent($0) }
        let selected = events.compactMap { event in
            FoundationReference.selection(of: event, by: EventSelector.ofOutcomes)
                .map { SelectedEvent(event, selector: $0) }
        }
        let notObjects = list.count - objects.count
        return (selected, list.count, notObjects...notObjects + others)
    }
}
