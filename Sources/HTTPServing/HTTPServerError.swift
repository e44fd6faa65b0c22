import Glibc

/// Why a server does not start.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it should have listened.
    public let address: ListenAddress
    /// What stands against it, for people.
    public let reason: String

    /// The address and the reason.
    public var description: String { "listen on \(address): \(reason)" }

    /// What an error number of the system means.
    static func text(of code: Int32) -> String {
        // A buffer of our own, for strerror's is shared by all threads.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text).lowercased()
        }
    }
}
