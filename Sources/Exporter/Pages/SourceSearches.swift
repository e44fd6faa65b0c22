import Dispatch
import HTTPServing
import Synchronization

/// Makes the list of sources, which may read all evidence: one at a time, and on no thread that scrapes or counting
/// need.
final class SourceSearches: Sendable {
    /// The lists that are being made or wait.
    static let limit = 4

    // Dispatch gives threads of this class a lower priority, so that a scrape gets the CPU first.
    private let queue = DispatchQueue(label: "SourceSearches", qos: .background)
    private let count = Mutex(0)

    /// - Returns: `nil` at once if too many others wait.
    func response(_ make: @escaping @Sendable () -> HTTPResponse) async -> HTTPResponse? {
        let hasPlace = count.withLock { count in
            guard count < Self.limit else { return false }
            count += 1
            return true
        }
        guard hasPlace else { return nil }
        return await withCheckedContinuation { continuation in
            queue.async {
                let response = make()
                self.count.withLock { $0 -= 1 }
                continuation.resume(returning: response)
            }
        }
    }
}

/// Makes responses that look at the counters of all sources, one at a time, and on no thread that scrapes or counting need.
///
/// They read no evidence, so that each is short, and none is refused.
enum SourceLists {
    private static let queue = DispatchQueue(label: "SourceLists", qos: .background)

    static func response(_ make: @escaping @Sendable () -> HTTPResponse) async -> HTTPResponse {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: make()) }
        }
    }
}
