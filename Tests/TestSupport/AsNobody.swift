import Glibc

/// Runs `body` with the rights of a user who owns nothing if the test runs as root, which may read and write anything;
/// otherwise as the current user.
///
/// Only the rights of the calling thread change, so `body` must stay on it.
public func asNobody(_ body: () throws -> Void) throws {
    guard geteuid() == 0 else { return try body() }
    // Swift's Glibc does not export the function.
    typealias SetID = @convention(c) (UInt32) -> Int32
    guard let symbol = dlsym(nil, "setfsuid") else { throw NoSetfsuid() }
    let setID = unsafeBitCast(symbol, to: SetID.self)
    _ = setID(65534)
    defer { _ = setID(0) }
    try body()
}

private struct NoSetfsuid: Error {}
