import AccessScanning
import HTTPServing

/// What the page of all sources shows, as its address says.
struct SourcesQuery: Sendable, Hashable {
    /// A column by which sources are sorted.
    enum Sort: String, Sendable, CaseIterable {
        case requests, total, paths, address, location, first, last

        /// Whether a click on the column shows the smallest value first.
        var isAscendingAtFirst: Bool { self == .address || self == .location }
    }

    enum Order: String, Sendable, CaseIterable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// A part of an address, a location, an audit ID or a value of the evidence.
    var text: String?
    var auditID: String?
    var origin: Origin?
    /// Sources with more requests within the last hour.
    var threshold: Int?
    var sort: Sort
    var order: Order
    /// The number of the page, from 1.
    var page: Int

    init(_ query: HTTPQuery) throws(InvalidParameter) {
        guard query.parameters != nil else {
            throw .query
        }
        text = query["q"]
        auditID = query["audit_id"]
        origin = try query.choice("origin", Origin.self)
        threshold = try query.number("threshold")
        sort = try query.choice("sort", Sort.self) ?? .requests
        order = try query.choice("order", Order.self) ?? (sort.isAscendingAtFirst ? .ascending : .descending)
        page = max(1, try query.number("page") ?? 1)
    }

    /// Whether it leaves out sources.
    var isFiltered: Bool { text != nil || auditID != nil || origin != nil || threshold != nil }

    /// The query of a link, with its question mark; nothing of it needs an escape in HTML but its ampersands.
    var link: String {
        let fields: [(String, String?)] = [
            ("q", text), ("audit_id", auditID), ("origin", origin?.rawValue), ("threshold", threshold.map(String.init)),
            ("sort", sort == .requests ? nil : sort.rawValue),
            ("order", order == (sort.isAscendingAtFirst ? .ascending : .descending) ? nil : order.rawValue),
            ("page", page == 1 ? nil : String(page)),
        ]
        let text = fields.compactMap { name, value in value.map { "\(name)=\($0.percentEncoded)" } }
            .joined(separator: "&")
        return text.isEmpty ? "sources" : "sources?\(text)"
    }

    /// The same sources in another order, from the first page on.
    func sorted(by sort: Sort) -> SourcesQuery {
        var query = self
        query.order =
            if sort == self.sort {
                order == .ascending ? .descending : .ascending
            } else {
                sort.isAscendingAtFirst ? .ascending : .descending
            }
        query.sort = sort
        query.page = 1
        return query
    }

    /// Another page of the same list.
    func at(page: Int) -> SourcesQuery {
        var query = self
        query.page = page
        return query
    }

    // MARK: Selection

    /// The sources of a snapshot, in order.
    ///
    /// - Parameter now: Seconds since 1970.
    func selection(of counts: Counts, at now: Double) -> SourceSelection {
        let search = text.map { TextSearch($0) }
        let profiles = counts.profiles
        var selection = SourceSelection(of: counts, at: now) { counter, requests in
            guard origin.map({ counter.source.origin == $0 }) ?? true,
                threshold.map({ counter.isOver($0, requests) }) ?? true,
                auditID.map({ id in
                    profiles.profile(of: counter.source)?.lastRequests.contains { $0.auditID == id } ?? false
                }) ?? true
            else { return false }
            return search?.matches(counter, profiles.profile(of: counter.source)) ?? true
        }
        switch sort {
        case .requests: break
        case .total: selection.sort { $0.requests > $1.requests }
        case .paths:
            let counts = Dictionary(
                uniqueKeysWithValues: selection.entries.map { entry in
                    let source = selection.counters[entry.index].source
                    return (entry.index, profiles.profile(of: source)?.paths.count(at: now) ?? 0)
                })
            selection.entries.stableSort { counts[$0.index, default: 0] > counts[$1.index, default: 0] }
        case .address: selection.sort { $0.source < $1.source }
        case .location:
            selection.sort { ($0.location.country, $0.location.city) < ($1.location.country, $1.location.city) }
        case .first: selection.sort { $0.firstSeen > $1.firstSeen }
        case .last: selection.sort { $0.lastSeen > $1.lastSeen }
        }
        if (order == .ascending) != sort.isAscendingAtFirst { selection.entries.reverse() }
        return selection
    }
}

extension SourceSelection {
    /// Sorts by the counters; equal ones keep their order.
    fileprivate mutating func sort(by precedes: (SourceCounter, SourceCounter) -> Bool) {
        entries.stableSort { precedes(counters[$0.index], counters[$1.index]) }
    }
}

extension Array where Element: Sendable {
    /// Equal elements keep their order.
    fileprivate mutating func stableSort(by precedes: (Element, Element) -> Bool) {
        // The standard library's sort is stable in fact, but does not promise it.
        self = enumerated().sorted { one, other in
            if precedes(one.element, other.element) { return true }
            return one.offset < other.offset && !precedes(other.element, one.element)
        }.map(\.element)
    }
}

/// A search for a text in the properties of sources. Letters of ASCII match in either case.
struct TextSearch: Sendable {
    private let sought: [UInt8]

    init(_ text: String) {
        sought = text.utf8.map(Self.lowercased)
    }

    /// Whether a counter has the text in its address, its location, a last audit ID or a value of its evidence.
    func matches(_ counter: SourceCounter, _ profile: SourceProfile?) -> Bool {
        matches(counter.source.address.description) || matches(counter.location.country)
            || matches(counter.location.city)
            || profile.map { profile in
                profile.lastRequests.contains { matches($0.auditID) }
                    || Evidence.Column.allCases.contains { profile.evidence.values($0).contains(where: matches) }
            } ?? false
    }

    func matches(_ text: String) -> Bool {
        text.utf8.count >= sought.count
            && text.utf8.withContiguousStorageIfAvailable(contains) ?? contains(Array(text.utf8))
    }

    private func contains(_ text: some RandomAccessCollection<UInt8>) -> Bool {
        guard let first = sought.first else { return true }
        var rest = text[...]
        while rest.count >= sought.count, let place = rest.firstIndex(where: { Self.lowercased($0) == first }) {
            rest = rest[place...]
            if rest.count >= sought.count, zip(rest, sought).allSatisfy({ Self.lowercased($0) == $1 }) { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
