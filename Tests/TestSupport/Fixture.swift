public import Foundation

/// Files under Tests/Fixtures.
public enum Fixture {
    /// The project's root.
    public static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The location of a fixture.
    ///
    /// - Parameter path: Relative to Tests/Fixtures.
    public static func url(_ path: String) -> URL {
        repository.appending(path: "Tests/Fixtures").appending(path: path)
    }

    /// The content of a fixture.
    public static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url(path)))
    }
}
