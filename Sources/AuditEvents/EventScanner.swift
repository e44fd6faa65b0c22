/// Finds the selected events in pieces of a log.
///
/// ```swift
/// var scanner = EventScanner(selecting: EventSelector(group: "system:unauthenticated", responseCode: 403))
/// let found = scanner.scan(lines: bytes.span.bytes)
/// ```
public struct EventScanner: ~Copyable, Sendable {
    /// A scanner that finds what `selector` selects.
    public init(selecting selector: EventSelector) {
    }

    /// Scans whole lines: each ends with a line feed, but for the last one, which may end where the bytes end.
    ///
    /// - Parameter lines: Bytes of a log, any number of lines.
    public mutating func scan(lines: RawSpan) -> ScannedEvents {
        ScannedEvents()
    }
}
