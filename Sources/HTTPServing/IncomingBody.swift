/// The body of a request on its way in, and what to do with one that is too long or comes when memory is short.
///
/// A client that is still sending does not read: an answer given too early, and the connection closed behind it, is
/// lost in the reset that follows. So a body that is refused is taken in and dropped, up to a bound, and answered
/// then. Only a client that asks first (`Expect: 100-continue`), or that says itself that it will not stop within that
/// bound, hears of it at once.
struct IncomingBody {
    /// What there is to do after a piece.
    enum Step {
        case goOn
        /// Nobody can be expected to take in that much only to refuse it.
        case hangUp
    }

    // As much is made ready for what a head announces; for the rest, bytes must come first.
    private static let readyCapacity = 1 << 20

    // As much is taken in of a client that is not let in, so that it can hear why.
    private static let boundTurnedAway = 1 << 20

    private let limit: Int
    private let memory: BodyMemory
    private var received = 0
    private var isWithoutMemory = false
    private var turnedAway: HTTPResponse?
    private(set) var bytes: [UInt8] = []

    init(limit: Int, memory: BodyMemory) {
        self.limit = limit
        self.memory = memory
    }

    /// What the client is told about a body that was not kept; `nil` where all of it is here.
    var refusal: HTTPResponse? {
        if let turnedAway { return turnedAway }
        if received > limit { return tooLong }
        return isWithoutMemory ? withoutMemory : nil
    }

    private var bound: Int { turnedAway == nil ? limit + max(limit, Self.boundTurnedAway) : Self.boundTurnedAway }

    private var tooLong: HTTPResponse { .text("413 the body is longer than \(limit) bytes\n", status: 413) }

    private var withoutMemory: HTTPResponse {
        var refusal = HTTPResponse.text("503 too many bodies are in hand; send it again\n", status: 503)
        refusal.headers["Retry-After"] = "1"
        return refusal
    }

    /// Keeps nothing of a request that is refused whatever its body is.
    mutating func turnAway(_ refusal: HTTPResponse) {
        turnedAway = refusal
    }

    /// Takes note of the length that the head announces.
    ///
    /// - Returns: The answer where the request is refused on its head alone.
    mutating func announce(_ length: Int, asksFirst: Bool) -> HTTPResponse? {
        if let turnedAway { return asksFirst || length > bound ? turnedAway : nil }
        if length > (asksFirst ? limit : bound) { return tooLong }
        guard memory.hasRoom(for: min(length, limit)) else {
            isWithoutMemory = true
            return asksFirst ? withoutMemory : nil
        }
        bytes.reserveCapacity(min(length, limit, Self.readyCapacity))
        return nil
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) -> Step {
        received += piece.count
        if turnedAway == nil, received <= limit, !isWithoutMemory, memory.take(piece.count) {
            bytes += piece
        } else {
            isWithoutMemory = isWithoutMemory || received <= limit
            release()
        }
        return received > bound ? .hangUp : .goOn
    }

    /// Gives the memory back.
    mutating func release() {
        memory.give(bytes.count)
        bytes = []
    }
}
