/// The body of a request on its way in, and what to do with one that is too long.
///
/// A client that is still sending does not read: an answer given too early, and the connection closed behind it, is
/// lost in the reset that follows. So a body that is too long is taken in and dropped, up to a bound, and answered
/// then. Only a client that asks first (`Expect: 100-continue`), or that says itself that it will not stop within that
/// bound, hears of it at once.
struct IncomingBody {
    /// What there is to do after a piece.
    enum Step {
        case goOn
        /// Nobody can be expected to take in that much only to refuse it.
        case hangUp
    }

    private let limit: Int
    private var received = 0
    private(set) var bytes: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    var isTooLong: Bool { received > limit }

    /// What the client is told about a body that is too long.
    var refusal: HTTPResponse { .text("413 the body is longer than \(limit) bytes\n", status: 413) }

    private var bound: Int { limit + max(limit, 1 << 20) }

    /// Whether a request is refused on its head alone.
    func refuses(declared length: Int, asksFirst: Bool) -> Bool {
        length > (asksFirst ? limit : bound)
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) -> Step {
        received += piece.count
        if isTooLong {
            bytes = []
        } else {
            bytes += piece
        }
        return received > bound ? .hangUp : .goOn
    }
}
