import Synchronization

/// What a server asks of every request, and sets on every answer: the part of a web configuration file beside TLS.
///
/// It may be shared by several servers, and exchanged while they run.
public final class WebPolicy: Sendable {
    private let rules: Mutex<WebRules>
    private let passwords = PasswordVerification()
    private let secret = SecretKey()

    /// Nothing is asked and nothing set.
    public convenience init() {
        self.init(WebRules())
    }

    init(_ rules: WebRules) {
        self.rules = Mutex(rules)
    }

    /// Goes on as another one was configured. Requests that are let in already are not asked again.
    public func adopt(_ other: WebPolicy) {
        let adopted = other.rules.withLock { $0 }
        rules.withLock { $0 = adopted }
    }

    /// Whether a request is let in; it keeps no thread waiting.
    ///
    /// - Parameter authorization: Its `Authorization` header.
    func admit(authorization: String?) -> Admission {
        let rules = rules.withLock { $0 }
        guard let users = rules.users else { return .letIn }
        guard let credentials = authorization.flatMap(BasicCredentials.init) else { return .refuse(Self.unauthorized) }
        let attempt = PasswordAttempt(credentials, among: users, secret: secret)
        if let isSuccess = passwords.outcome(of: attempt) { return isSuccess ? .letIn : .refuse(Self.unauthorized) }
        return .verify { [passwords] in
            switch await passwords.verify(attempt) {
            case true?: nil
            case false?: Self.unauthorized
            case nil: Self.tooMany("too many passwords are being verified")
            }
        }
    }

    private static var unauthorized: HTTPResponse {
        var refusal = HTTPResponse.text("401 unauthorized\n", status: 401)
        refusal.headers["WWW-Authenticate"] = "Basic"
        return refusal
    }

    private static func tooMany(_ reason: String) -> HTTPResponse {
        var refusal = HTTPResponse.text("429 \(reason); try again\n", status: 429)
        refusal.headers["Retry-After"] = "1"
        return refusal
    }
}
