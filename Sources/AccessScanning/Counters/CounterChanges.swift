/// What was changed of a table of counters.
struct CounterChanges<Counter: BudgetedCounter>: Sendable {
    /// The counters that are new or rose, as they are now.
    var counters: [Counter]
    /// Whose counters were removed; among them may be some that have a new one.
    var removed: Set<Counter.Subject>
    /// Changes of those that gave way; `nil` where there are none.
    var displaced: DisplacedChanges?
}
