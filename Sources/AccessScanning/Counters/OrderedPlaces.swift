/// A value of `OrderedPlaces`: a counter, or a profile.
protocol PlacedValue: Sendable, Equatable {
    associatedtype Subject: Hashable & Sendable

    /// What the value is about; no two values have the same.
    var subject: Subject { get }
    /// The time of its last use, in seconds since 1970.
    var lastSeen: Double { get }

    /// Whether `limitTimes` would change the value.
    func hasTimes(after now: Double) -> Bool

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double)
}

/// Values by subject, in pages that snapshots share, and in two lists by their last use.
///
/// A value keeps its place until it is removed, or moves to the place of a removed one.
struct OrderedPlaces<Value: PlacedValue>: Sendable {
    /// The values by place.
    private(set) var values = PagedArray<Value>()
    /// The place of each subject.
    private(set) var index = PlaceIndex<Value.Subject>()

    private var order = RecencyLists()

    /// The number of values.
    var count: Int { values.count }

    /// All places.
    var indices: Range<Int> { values.indices }

    /// The value at a place; its subject must stay the same.
    subscript(place: Int) -> Value {
        @inline(__always) get { values[place] }
        @inline(__always) _modify { yield &values[place] }
    }

    /// The place of a subject; `nil` if it has none.
    func place(of subject: Value.Subject) -> Int? { index.place(of: subject) { values[$0].subject } }

    /// The value of a subject; `nil` if it has none.
    func value(of subject: Value.Subject) -> Value? { place(of: subject).map { values[$0] } }

    /// Makes room for so many values at once.
    mutating func reserve(_ count: Int) { index.reserve(count) { [values] in values[$0].subject } }

    /// Adds the value of a subject without one, as the most recently used one of a list.
    mutating func append(_ value: Value, to list: RecencyLists.List) {
        index.insert(values.count, of: value.subject) { [values] in values[$0].subject }
        values.append(value)
        order.append(to: list)
    }

    /// Removes a value. The last one gets its place.
    ///
    /// - Returns: The subject of the removed one.
    @discardableResult
    mutating func remove(_ place: Int) -> Value.Subject {
        let subject = values[place].subject
        index.remove(place, of: subject) { [values] in values[$0].subject }
        order.remove(place)
        let last = values.removeLast()
        if place < values.count {
            values[place] = last
            index.move(last.subject, from: values.count, to: place)
        }
        return subject
    }

    // MARK: Order

    /// The least recently used place of a list.
    func first(of list: RecencyLists.List) -> Int? { order.first(of: list) }

    /// The list that a place is in.
    func list(of place: Int) -> RecencyLists.List { order.list(of: place) }

    /// Makes a place the most recently used one of a list.
    mutating func touch(_ place: Int, list: RecencyLists.List) { order.touch(place, list: list) }

    /// All places, the one whose value was used least recently first.
    var byLastSeen: [Int] {
        let lastSeen = indices.map { values[$0].lastSeen }
        return indices.sorted { lastSeen[$0] < lastSeen[$1] }
    }

    /// Replaces times after `now` by `now`: they come from a wrong clock, and would keep a value forever.
    ///
    /// - Returns: The subjects whose values changed.
    mutating func limitTimes(to now: Double) -> [Value.Subject] { values.limitTimes(to: now) }
}

extension PagedArray where Element: PlacedValue {
    /// Replaces times after `now` by `now`.
    ///
    /// - Returns: The subjects whose values changed.
    mutating func limitTimes(to now: Double) -> [Element.Subject] {
        var changed: [Element.Subject] = []
        // A page that is only read stays shared.
        for place in indices where self[place].hasTimes(after: now) {
            self[place].limitTimes(to: now)
            changed.append(self[place].subject)
        }
        return changed
    }
}
