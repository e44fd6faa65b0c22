/// How attempts ended, for as many as make sense.
///
/// Successes and failures have room of their own: who guesses without end pushes out no one who is let in.
struct RememberedOutcomes: Sendable {
    /// Outcomes of one kind; the oldest make room.
    private struct Recent: Sendable {
        let limit: Int
        private var keys: Set<[UInt8]> = []
        private var order: [[UInt8]] = []
        private var oldest = 0

        init(limit: Int) {
            self.limit = limit
        }

        func contains(_ key: [UInt8]) -> Bool { keys.contains(key) }

        mutating func insert(_ key: [UInt8]) {
            guard keys.insert(key).inserted else { return }
            if order.count < limit {
                order.append(key)
            } else {
                keys.remove(order[oldest])
                order[oldest] = key
                oldest = (oldest + 1) % limit
            }
        }
    }

    private var successes: Recent
    private var failures: Recent

    /// - Parameter limit: How many of each.
    init(limit: Int) {
        successes = Recent(limit: limit)
        failures = Recent(limit: limit)
    }

    /// How an attempt ended; `nil` where that is not known.
    subscript(key: [UInt8]) -> Bool? {
        if successes.contains(key) { return true }
        return failures.contains(key) ? false : nil
    }

    mutating func note(_ isSuccess: Bool, for key: [UInt8]) {
        if isSuccess { successes.insert(key) } else { failures.insert(key) }
    }
}
