import Synchronization

/// The demands on every request and the header fields of every response: a web configuration file without its TLS.
///
/// It may be shared by several servers, and exchanged while they run.
public final class WebPolicy: Sendable {
    private struct State {
        var rules: WebRules
        /// The rest of `rules.rateLimit`.
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

    /// Goes on as another one was configured. Requests that are let in already are not asked again.
    public func adopt(_ other: WebPolicy) {
        let adopted = other.state.withLock { $0 }
        state.withLock { state in
            // To read the same again does not give back what is spent.
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
    ///   - client: Who sent it.
    func admit(authorization: String?, from client: ClientNetwork) -> Admission {
        let (rules, wait) = state.withLock { state in (state.rules, state.budget?.spend(at: .now)) }
        if let wait { return .refuse(Self.tooMany("too many requests", after: wait)) }
        guard let users = rules.users else { return .letIn }
        guard let credentials = authorization.flatMap(BasicCredentials.init) else { return .refuse(Self.unauthorized) }
        let attempt = PasswordAttempt(credentials, among: users, secret: secret)
        if let isSuccess = passwords.outcome(of: attempt) { return isSuccess ? .letIn : .refuse(Self.unauthorized) }
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

/// The rules of a `WebPolicy`, as they stand in a web configuration file.
struct WebRules: Sendable {
    /// The users that are admitted; all clients if it is `nil`.
    var users: BasicAuthUsers?
    /// Header fields of every response.
    var headers: [String: String] = [:]
    /// The accepted rate of requests; unlimited if it is `nil`.
    var rateLimit: RateLimit?
}

/// What a server makes of a request when its head is there, before its body is taken.
enum Admission {
    case letIn
    case refuse(HTTPResponse)
    /// It takes a while to find out; ends with a refusal, or with `nil` where the request is let in.
    case verify(@Sendable () async -> HTTPResponse?)
}
