import AccessScanning
import HTTPServing

/// What the page of all sources shows, as its address says.
struct SourcesQuery: Sendable, Hashable {
    /// A column by which sources are sorted.
    enum Sort: String, Sendable, CaseIterable {
        case requests, total, forbidden, unauthorized, allowed, paths, address, location, first, last

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
    var outcome: OutcomeChoice
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
        outcome = try query.choice("outcome", OutcomeChoice.self) ?? .all
        origin = try query.choice("origin", Origin.self)
        threshold = try query.number("threshold")
        sort = try query.choice("sort", Sort.self) ?? .requests
        order = try query.choice("order", Order.self) ?? (sort.isAscendingAtFirst ? .ascending : .descending)
        page = max(1, try query.number("page") ?? 1)
    }

    /// Whether it leaves out sources.
    var isFiltered: Bool { text != nil || auditID != nil || outcome != .all || origin != nil || threshold != nil }

    /// The query of a link, with its question mark; nothing of it needs an escape in HTML but its ampersands.
    var link: String {
        let fields: [(String, String?)] = [
            ("q", text), ("audit_id", auditID), ("outcome", outcome == .all ? nil : outcome.rawValue),
            ("origin", origin?.rawValue), ("threshold", threshold.map(String.init)),
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
        var selection = SourceSelection(of: counts, outcome: outcome, at: now) { activity, requests in
            guard origin.map({ activity.source.origin == $0 }) ?? true,
                threshold.map({ activity.source.isOver($0, requests) }) ?? true,
                auditID.map({ id in activity.lastRequests.contains { $0.auditID == id } }) ?? true
            else { return false }
            return search?.matches(activity) ?? true
        }
        let isAscending = order == .ascending
        switch sort {
        case .requests: if isAscending { selection.entries.reverse() }
        case .total: selection.sort(ascending: isAscending) { [outcome] in $0.outcomes.sum(outcome) }
        case .forbidden: selection.sort(ascending: isAscending) { $0.outcomes[.forbidden] }
        case .unauthorized: selection.sort(ascending: isAscending) { $0.outcomes[.unauthorized] }
        case .allowed: selection.sort(ascending: isAscending) { $0.outcomes[.allowed] }
        case .paths: selection.sort(ascending: isAscending) { $0.distinctPaths(at: now) }
        case .address: selection.sort(ascending: isAscending) { $0.source }
        case .location: selection.sort(ascending: isAscending) { Place($0.location) }
        case .first: selection.sort(ascending: isAscending) { $0.firstSeen }
        case .last: selection.sort(ascending: isAscending) { $0.lastSeen }
        }
        return selection
    }

    /// A location in the order of countries, then of cities.
    private struct Place: Comparable {
        let country: String
        let city: String

        init(_ location: Location) {
            (country, city) = (location.country, location.city)
        }

        static func < (one: Place, other: Place) -> Bool {
            (one.country, one.city) < (other.country, other.city)
        }
    }
}

/// A search for a text in the properties of sources. Letters of ASCII match in either case.
struct TextSearch: Sendable {
    private let sought: [UInt8]

    init(_ text: String) {
        sought = text.utf8.map(Self.lowercased)
    }

    /// Whether a source has the text in its address, its location, a last audit ID or a value of its evidence.
    func matches(_ activity: SourceActivity) -> Bool {
        matches(activity.source.address.description) || matches(activity.location.country)
            || matches(activity.location.city) || activity.lastRequests.contains { matches($0.auditID) }
            || Evidence.Column.allCases.contains { activity.values($0).contains(where: matches) }
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
