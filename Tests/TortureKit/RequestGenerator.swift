import AccessScanning
import TestSupport

/// Invents requests, some that count and some that only look so, and knows the difference.
///
/// No two requests have all of auditID, times, sources, verb, URI and user agent in common: an API server that gets two
/// equal ones in the same microsecond finishes them at different times.
struct RequestGenerator {
    private let verified: AddressPool
    private let claimed: AddressPool
    private var random: SeededGenerator
    private var lastTime = 0

    /// - Parameters:
    ///   - network: From 1 to 9; sources of different networks are different.
    ///   - seed: The seed of the random numbers.
    init(network: Int, seed: UInt64) {
        verified = AddressPool(network: network, count: 200)
        claimed = AddressPool(network: network, count: 300)
        random = SeededGenerator(seed: seed)
    }

    /// The next requests: mostly one, sometimes several with much in common.
    mutating func next() -> [PlannedRequest] {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: [refused()]
        case 40..<48: [watch(event())]
        case 48..<52: alike()
        case 52..<60: [unauthorized()]
        case 60..<66: [allowed()]
        default: [unwanted()]
        }
    }

    /// A request from a source that no other request uses.
    mutating func single(from address: String) -> PlannedRequest {
        var event = event()
        event.sourceIPs = [address]
        return PlannedRequest(events: [event.text], sources: [.verified(address)], values: event.values)
    }

    // MARK: What counts

    private mutating func refused() -> PlannedRequest {
        var event = event()
        let sources = attribute(&event)
        decorate(&event)
        var events = chance(0.1) ? [event.respelled(using: &random)] : [event.text]
        if chance(0.1) {
            var first = event
            first.stage = "RequestReceived"
            first.code = nil
            first.reached = event.received
            events.insert(first.text, at: 0)
        }
        return PlannedRequest(events: events, sources: sources, values: event.values)
    }

    /// Logged twice with code 403.
    private mutating func watch(_ like: EventText, from known: [CountedSource]? = nil) -> PlannedRequest {
        var event = like
        let sources = known ?? attribute(&event)
        event.verb = "watch"
        event.stage = "ResponseStarted"
        event.reached = time()
        let first = event.text
        event.stage = "ResponseComplete"
        event.reached = time()
        return PlannedRequest(events: [first], later: event.text, sources: sources, values: event.values)
    }

    /// Requests of parallel clients that all send one `Audit-ID`: from several sources, or equal except for the time at
    /// which they were finished.
    private mutating func alike() -> [PlannedRequest] {
        var event = event()
        let sources = attribute(&event)
        let areWatches = chance(0.3)
        return (0..<Int.random(in: 2...6, using: &random)).map { _ in
            if chance(0.3) {
                var other = event
                other.reached = time()
                let sources = attribute(&other)
                return PlannedRequest(events: [other.text], sources: sources, values: other.values)
            }
            if areWatches { return watch(event, from: sources) }
            event.reached = time()
            return PlannedRequest(events: [event.text], sources: sources, values: event.values)
        }
    }

    /// Not authenticated: without credentials, with some that were not accepted, or nobody knows.
    private mutating func unauthorized() -> PlannedRequest {
        var event = event()
        let sources = attribute(&event)
        decorate(&event)
        let credentials = Credentials.allCases[draw(3)]
        (event.user, event.code, event.reason) = (EventText.noUser, 401, "Unauthorized")
        // As API servers write it: see docs/outcomes.md.
        switch credentials {
        case .none: event.message = "Authentication failed, no credentials provided"
        case .presented: event.message = "Authentication failed, attempted: \(["bearer", "basic, x509"][draw(2)])"
        case .unknown: event.message = chance(0.5) ? nil : "Unauthorized"
        }
        event.stage = "ResponseStarted"
        return PlannedRequest(
            events: [chance(0.1) ? event.respelled(using: &random) : event.text],
            sources: sources.map { source in
                CountedSource(
                    address: source.address, origin: source.origin, outcome: .unauthorized,
                    credentials: credentials.rawValue)
            }, values: event.values)
    }

    /// Answered, though it was made without credentials. An answered watch is logged in two stages.
    private mutating func allowed() -> PlannedRequest {
        var event = event()
        let sources = attribute(&event).map { source in
            CountedSource(address: source.address, origin: source.origin, outcome: .allowed)
        }
        decorate(&event)
        event.code = [200, 200, 101, 304][draw(4)]
        (event.message, event.reason) = (nil, nil)
        guard chance(0.3) else {
            return PlannedRequest(
                events: [chance(0.1) ? event.respelled(using: &random) : event.text], sources: sources,
                values: event.values)
        }
        return watch(event, from: sources)
    }

    // MARK: What does not

    private mutating func unwanted() -> PlannedRequest {
        var event = event()
        _ = attribute(&event)
        let member = #""user":{"username":"kubernetes-admin","groups":["system:masters","system:authenticated"]}"#
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            event.user = member
        case 1:
            event.user = [EventText.noUser, member][draw(2)]
            event.code = event.user == member ? 401 : [400, 403, 500][draw(3)]
        case 2:
            if chance(0.5) {
                event.code = [404, 429, 500].randomElement(using: &random)
            } else {
                // Open to everyone.
                event.code = 200
                event.requestURI =
                    ["/healthz", "/livez/ping", "/readyz?verbose", "/version", "/openid/v1/jwks"][draw(5)]
            }
        case 3:
            event.user = member
            event.more = [
                #""impersonatedUser":{"username":"system:anonymous","groups":["system:unauthenticated"]}"#
            ]
        case 4:
            // A whole event within strings and objects that a client chose.
            event.user = member
            event.userAgent = self.event().text
            event.more = [#""requestObject":\#(self.event().text)"#]
        default:
            event.user = member
            event.code = 200
            event.more = [#""annotations":{"note":\#(EventText.json(self.event().text + "\\n"))}"#]
        }
        return PlannedRequest(events: [event.text], sources: [])
    }

    // MARK: Parts

    private mutating func event() -> EventText {
        let received = time()
        var event = EventText(auditID: auditID(), sourceIPs: ["10.0.0.1"], received: received, reached: time())
        event.verb = ["get", "list", "create"].randomElement(using: &random) ?? "get"
        event.userAgent = chance(0.1) ? nil : "curl/7.\(Int.random(in: 0..<90, using: &random)).0"
        return event
    }

    /// Sets the sources of an event.
    ///
    /// - Returns: The sources for which it counts.
    private mutating func attribute(_ event: inout EventText) -> [CountedSource] {
        // Rare: an event without any source.
        if chance(0.01) {
            event.sourceIPs = []
            return [.verified("invalid")]
        }
        let last = verified.pick(using: &random)
        event.sourceIPs = [last.spelling]
        var sources = [CountedSource.verified(last.canonical)]
        guard chance(0.25) else { return sources }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            var entry = (chance(0.3) ? verified : claimed).pick(using: &random)
            if chance(0.1) { entry = ("invalid", Self.noAddresses[draw(Self.noAddresses.count)]) }
            event.sourceIPs.insert(entry.spelling, at: 0)
            // Each once, and a verified one is not also claimed.
            let isVerified = entry.canonical == last.canonical
            if !isVerified, !sources.contains(.claimed(entry.canonical)) { sources.append(.claimed(entry.canonical)) }
        }
        return sources
    }

    private static let noAddresses = ["unknown", "10.0.0.256", "fe80::1%eth0", "", "<script>\"&\\"]

    private mutating func decorate(_ event: inout EventText) {
        if chance(0.2) { event.requestURI = "/api/v1/pods?limit=\(draw(500))&labelSelector=a<b" }
        if chance(0.03) { event.userAgent = String(repeating: "Mozilla \"5.0\\\" ", count: 1 + draw(500)) }
        if chance(0.3) { event.message = "forbidden: \"system:anonymous\" cannot \(event.verb) \(draw(12)) <>&" }
        if chance(0.3) { event.reason = "Forbidden" }
        if chance(0.4) { event.resource = Self.resources[draw(Self.resources.count)] }
        if chance(0.2) { event.more = [#""annotations":{"authorization.k8s.io/decision":"forbid"}"#] }
    }

    private static let resources: [EventText.Resource] = [
        .init(name: "secrets"), .init(name: "deployments", group: "apps"), .init(name: "pods", subresource: "exec"),
        .init(name: "deployments", group: "apps", subresource: "scale"),
    ]

    private mutating func auditID() -> String {
        let high = String(UInt64.random(in: .min ... .max, using: &random), radix: 16)
        let low = String(UInt64.random(in: .min ... .max, using: &random), radix: 16)
        return "\(high)-\(low)"
    }

    /// Never the same twice.
    private mutating func time() -> Int {
        lastTime = max(EventText.now, lastTime + 1)
        return lastTime
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }

    private mutating func draw(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
}
