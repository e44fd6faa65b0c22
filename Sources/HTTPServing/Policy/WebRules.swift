/// The rules of a `WebPolicy`, as they stand in a web configuration file.
struct WebRules: Sendable {
    /// Who is let in; `nil` where everybody is.
    var users: BasicAuthUsers?
    /// Header fields of every answer.
    var headers: [String: String] = [:]
    /// How many requests are taken; `nil` where all are.
    var rateLimit: RateLimit?
}
