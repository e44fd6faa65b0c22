public import AccessScanning

extension DisplacedState {
    /// Takes changes over, page by page, as a store does.
    public mutating func write(_ changes: DisplacedChanges) {
        var pages = stride(from: 0, to: entries.count, by: 512).map {
            Array(entries[$0..<min($0 + 512, entries.count)])
        }
        for (number, page) in changes.pages.sorted(by: { $0.key < $1.key }) {
            if number < pages.count { pages[number] = page } else { pages.append(page) }
        }
        entries = Array(pages.prefix(changes.pageCount).joined())
        next = changes.next
        untrackedRequests = changes.untrackedRequests
    }
}
