import AuditEvents
import Foundation
import TestSupport

/// A body is rejected, or all its events are found: those that a full parse selects, in order.
enum EventListTarget {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
        let found = try? scanner.scan(eventList: bytes.span.bytes)
        guard ReferenceLimits.covers(bytes) else { return }
        let expected = events(of: bytes)
        try Disagreement.unless(
            found?.events.map(\.event) == expected?.selected,
            "expected \(String(describing: expected)), found \(String(describing: found))")
        try Disagreement.unless(
            found?.lines == expected?.count, "expected \(String(describing: expected?.count)) items")
    }

    private static func events(of bytes: [UInt8]) -> (selected: [AuditEvent], count: Int)? {
        let selector = EventSelector.unauthenticatedForbidden
        guard !FoundationReference.hasTrailingComma(bytes),
            let body = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
            body["kind"] as? String == "EventList", let version = body["apiVersion"] as? String,
            ["audit.k8s.io/v1", "audit.k8s.io/v1beta1"].contains(version)
        else { return nil }
        guard let value = body["items"], !(value is NSNull) else { return ([], 0) }
        guard let list = value as? [Any] else { return nil }
        let items = list.compactMap { $0 as? [String: Any] }
        guard items.count == list.count else { return nil }
        let events = items.map(FoundationReference.event)
        return (
            events.filter { FoundationReference.selection(of: $0, by: [selector]) != nil }, list.count
        )
    }
}
