import Glibc

/// A failed system call of a target, which is not a finding.
struct SystemFailure: Error, CustomStringConvertible {
    /// The call and the system's reason.
    let description: String

    init(_ call: String) {
        description = "\(call): \(String(cString: strerror(errno)))"
    }
}
