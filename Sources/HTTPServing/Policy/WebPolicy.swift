import Synchronization

/// What a server asks of every request, and sets on every answer: the part of a web configuration file beside TLS.
///
/// It may be shared by several servers, and exchanged while they run.
public final class WebPolicy: Sendable {
    private struct State {
        var rules: WebRules
        /// What is left of `rules.rateLimit`.
        var budget: RequestBudget?
    }

    private let state: Mutex<State>
    private let passwords = PasswordVerification()
    private let secret = SecretKey()

    /// Nothing is asked and nothing set.
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

    /// Sets on an answer what is set on all, in place of what its page says itself.
    func apply(to response: inout HTTPResponse) {
        response.headers.merge(state.withLock { $0.rules.headers }) { $1 }
    }

    /// Whether a request is let in; it keeps no thread waiting.
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
    /// Who is let in; `nil` where everybody is.
    var users: BasicAuthUsers?
    /// Header fields of every answer.
    var headers: [String: String] = [:]
    /// How many requests are taken; `nil` where all are.
    var rateLimit: RateLimit?
}

/// What a server makes of a request when its head is there, before its body is taken.
enum Admission {
    case letIn
    case refuse(HTTPResponse)
    /// It takes a while to find out; ends with a refusal, or with `nil` where the request is let in.
    case verify(@Sendable () async -> HTTPResponse?)
}
