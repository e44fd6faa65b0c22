public import Foundation
import FoundationNetworking

/// Reads from servers on loopback.
public enum HTTPClient {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        return URLSession(configuration: configuration)
    }()

    /// The answer to a GET.
    ///
    /// - Throws: `URLError` where there is none within 10 seconds.
    public static func get(_ url: URL) async throws -> (status: Int, body: Data) {
        let (body, response) = try await session.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, body)
    }
}
