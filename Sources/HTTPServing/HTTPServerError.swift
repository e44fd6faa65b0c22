/// Why a server does not start.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it should have listened.
    public let address: ListenAddress
    /// What stands against it, for people.
    public let reason: String

    /// The address and the reason.
    public var description: String { "listen on \(address): \(reason)" }
}
