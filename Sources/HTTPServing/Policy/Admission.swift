/// What a server makes of a request when its head is there, before its body is taken.
enum Admission {
    case letIn
    case refuse(HTTPResponse)
    /// It takes a while to find out; ends with a refusal, or with `nil` where the request is let in.
    case verify(@Sendable () async -> HTTPResponse?)
}
