/// What the clients of a recorded log did, by address: what `hardened.log` and `outcomes.log` must give by any way.
struct RecordedOutcomes: Sendable, Hashable {
    /// The requests of a source.
    struct Row: Sendable, Hashable {
        /// Requests without credentials that were refused.
        var forbidden = 0
        /// Requests that were not authenticated; their credentials are unknown.
        var unauthorized = 0
        /// Requests without credentials that were answered.
        var allowed = 0
        /// The distinct paths of all of them.
        var paths = 0

        /// A row.
        init(_ forbidden: Int = 0, _ unauthorized: Int = 0, _ allowed: Int = 0, paths: Int = 0) {
            self.forbidden = forbidden
            self.unauthorized = unauthorized
            self.allowed = allowed
            self.paths = paths
        }
    }

    /// The path of the log among the fixtures.
    let log: String
    /// By address and origin, such as `192.0.2.1 verified`.
    let sources: [String: Row]

    /// Anonymous access off.
    static let hardened = RecordedOutcomes(
        log: "audit-logs/hardened.log",
        sources: [
            "127.0.0.50 verified": Row(0, 12, paths: 12), "127.0.0.51 verified": Row(0, 5, paths: 5),
            "127.0.0.52 verified": Row(0, 9, paths: 1), "127.0.0.53 verified": Row(0, 8, paths: 8),
            "127.0.0.54 verified": Row(0, 8, paths: 1), "127.0.0.55 verified": Row(0, 6, paths: 6),
            "127.0.0.56 verified": Row(0, 3, paths: 3), "127.0.0.57 verified": Row(0, 7, paths: 7),
            "198.51.100.9 claimed": Row(0, 7, paths: 7), "127.0.0.58 verified": Row(0, 6, paths: 1),
            "127.0.0.59 verified": Row(0, 4, paths: 1), "127.0.0.61 verified": Row(0, 6, paths: 1),
        ])

    /// Anonymous access on, and ConfigMaps open to everyone.
    static let outcomes = RecordedOutcomes(
        log: "audit-logs/outcomes.log",
        sources: [
            "127.0.0.70 verified": Row(3, paths: 3), "127.0.0.71 verified": Row(8, paths: 8),
            "127.0.0.72 verified": Row(7, 0, 2, paths: 9), "127.0.0.73 verified": Row(0, 0, 1, paths: 1),
            "127.0.0.74 verified": Row(2, paths: 1), "127.0.0.75 verified": Row(0, 6, paths: 6),
            "127.0.0.76 verified": Row(0, 0, 1, paths: 1), "127.0.0.77 verified": Row(0, 0, 1, paths: 1),
            "127.0.0.78 verified": Row(2, paths: 2),
        ])
}
