/// The body of a request on its way in, and the refusal of one that is too long or comes when memory is short.
///
/// A client that is still sending does not read. A response that is sent too early, before the connection is closed, is
/// lost in the reset that follows. So a refused body is read and dropped, up to a bound, and gets its response then.
/// Only a client that asks first (`Expect: 100-continue`), or announces a body over that bound, gets the response at
/// once.
struct IncomingBody {
    /// The next step after a piece.
    enum Step {
        case goOn
        /// The body is over the bound up to which a refused one is read.
        case hangUp
    }

    // Memory that is reserved for an announced body. The rest is reserved once this many bytes have been received.
    private static let readyCapacity = 1 << 20

    // Bytes that are read from a client that is not admitted, so that it can receive the reason.
    private static let boundTurnedAway = 1 << 20

    private let limit: Int
    private let memory: BodyMemory
    private var announced: Int?
    private var received = 0
    private var isWithoutMemory = false
    private var turnedAway: HTTPResponse?
    private(set) var bytes: [UInt8] = []

    init(limit: Int, memory: BodyMemory) {
        self.limit = limit
        self.memory = memory
    }

    /// The response to a body that was not kept; `nil` where all of it is here.
    var refusal: HTTPResponse? {
        if let turnedAway { return turnedAway }
        if received > limit { return tooLong }
        return isWithoutMemory ? withoutMemory : nil
    }

    private var bound: Int { turnedAway == nil ? limit + max(limit, Self.boundTurnedAway) : Self.boundTurnedAway }

    private var tooLong: HTTPResponse { .text("413 the body is longer than \(limit) bytes\n", status: 413) }

    private var withoutMemory: HTTPResponse {
        var refusal = HTTPResponse.text("503 too many bodies are being read; send it again\n", status: 503)
        refusal.headers["Retry-After"] = "1"
        return refusal
    }

    /// Keeps nothing of the body, since the request is refused in any case.
    mutating func turnAway(_ refusal: HTTPResponse) {
        turnedAway = refusal
    }

    /// Notes the length that the head announces; 0 for a body in chunks.
    ///
    /// - Returns: The response where the request is refused by its head alone.
    mutating func announce(_ length: Int, asksFirst: Bool) -> HTTPResponse? {
        if let turnedAway { return asksFirst || length > bound ? turnedAway : nil }
        if length > (asksFirst ? limit : bound) { return tooLong }
        guard memory.hasRoom(for: min(length, limit)) else {
            isWithoutMemory = true
            return asksFirst ? withoutMemory : nil
        }
        announced = length > 0 ? min(length, limit) : nil
        bytes.reserveCapacity(min(length, limit, Self.readyCapacity))
        return nil
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) -> Step {
        received += piece.count
        if turnedAway == nil, received <= limit, !isWithoutMemory, memory.take(piece.count) {
            reserve(bytes.count + piece.count)
            bytes += piece
        } else {
            isWithoutMemory = isWithoutMemory || received <= limit
            release()
        }
        return received > bound ? .hangUp : .goOn
    }

    /// An array that grows by itself doubles and copies, and takes three times the body's memory meanwhile. Reserved
    /// memory that has not been written costs nothing.
    private mutating func reserve(_ count: Int) {
        guard count > bytes.capacity, count > Self.readyCapacity else { return }
        bytes.reserveCapacity(max(count, announced ?? limit))
    }

    /// Gives the memory back.
    mutating func release() {
        memory.give(bytes.count)
        bytes = []
    }
}
