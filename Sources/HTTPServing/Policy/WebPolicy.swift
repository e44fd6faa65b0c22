import Synchronization

/// The demands on every request and the header fields of every response: a web configuration file without its TLS.
///
/// Several servers can share it, and it can be replaced while they run.
public final class WebPolicy: Sendable {
    private struct State {
        var rules: WebRules
        /// The remaining requests of `rules.rateLimit`.
        var budget: RequestBudget?
    }

    private let state: Mutex<State>
    private let passwords = PasswordVerification()
    private let secret = SecretKey()

    /// No demands and no header fields.
    public convenience init() {
        self.init(WebRules())
    }

    init(_ rules: WebRules) {
        state = Mutex(State(rules: rules, budget: rules.rateLimit.map { RequestBudget($0, at: .now) }))
    }

    /// Uses the rules of another policy. Requests that are admitted already are not checked again.
    public func adopt(_ other: WebPolicy) {
        let adopted = other.state.withLock { $0 }
        state.withLock { state in
            // Reloading an unchanged limit does not refill its budget.
            let isSameLimit = state.rules.rateLimit == adopted.rules.rateLimit
            state = State(rules: adopted.rules, budget: isSameLimit ? state.budget : adopted.budget)
        }
    }

    /// Whether every request needs a user's name and password.
    public var requiresPassword: Bool { state.withLock { $0.rules.users != nil } }

    /// Sets the configured header fields on a response; they replace those of the page.
    func apply(to response: inout HTTPResponse) {
        response.headers.merge(state.withLock { $0.rules.headers }) { $1 }
    }

    /// Whether a request is admitted. The call does not wait.
    ///
    /// - Parameters:
    ///   - authorization: Its `Authorization` header.
    ///   - client: The sender.
    func admit(authorization: String?, from client: ClientNetwork) -> Admission {
        let (rules, wait) = state.withLock { state in (state.rules, state.budget?.spend(at: .now)) }
        if let wait { return .refuse(Self.tooMany("too many requests", after: wait)) }
        guard let users = rules.users else { return .admit }
        guard let credentials = authorization.flatMap(BasicCredentials.init) else { return .refuse(Self.unauthorized) }
        let attempt = PasswordAttempt(credentials, among: users, secret: secret)
        if let isSuccess = passwords.outcome(of: attempt) { return isSuccess ? .admit : .refuse(Self.unauthorized) }
        return .verify { [passwords] in
            switch await passwords.verify(attempt, from: client) {
            case true?: nil
            case false?: Self.unauthorized
            case nil: Self.tooMany("too many passwords are being verified", after: .seconds(1))
            }
        }
    }

    private static var unauthorized: HTTPResponse {
        var refusal = HTTPResponse.text("401 unauthorized\n", status: 401)
        refusal.headers["WWW-Authenticate"] = "Basic"
        return refusal
    }

    private static func tooMany(_ reason: String, after wait: Duration) -> HTTPResponse {
        var refusal = HTTPResponse.text("429 \(reason); try again\n", status: 429)
        let (seconds, attoseconds) = wait.components
        refusal.headers["Retry-After"] = "\(seconds + (attoseconds > 0 ? 1 : 0))"
        return refusal
    }
}

/// The rules of a `WebPolicy`, as given in a web configuration file.
struct WebRules: Sendable {
    /// The users that are admitted; all clients if it is `nil`.
    var users: BasicAuthUsers?
    /// Header fields of every response.
    var headers: [String: String] = [:]
    /// The accepted rate of requests; unlimited if it is `nil`.
    var rateLimit: RateLimit?
}

/// The decision on a request when its head is complete, before its body is received.
enum Admission {
    case admit
    case refuse(HTTPResponse)
    /// The decision takes time; the closure returns the refusal, or `nil` if the request is admitted.
    case verify(@Sendable () async -> HTTPResponse?)
}
