import Glibc

/// A call to the system that a target needed, and that failed: no finding.
struct SystemFailure: Error, CustomStringConvertible {
    /// The call and the system's reason.
    let description: String

    init(_ call: String) {
        description = "\(call): \(String(cString: strerror(errno)))"
    }
}
