public import Foundation
import FoundationNetworking

/// Sends requests to servers on loopback.
public enum HTTPClient {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        return URLSession(configuration: configuration)
    }()

    /// The response to a GET.
    ///
    /// - Parameters:
    ///   - url: The URL to get.
    ///   - accept: The header `Accept`.
    /// - Throws: `URLError` without a response within 10 seconds.
    public static func get(_ url: URL, accept: String = "*/*") async throws -> (status: Int, body: Data) {
        var request = URLRequest(url: url)
        request.setValue(accept, forHTTPHeaderField: "Accept")
        return try await answer(to: request)
    }

    /// The response to a POST.
    ///
    /// - Throws: `URLError` without a response within 10 seconds.
    public static func post(_ body: Data, to url: URL, headers: [String: String] = [:]) async throws
        -> (status: Int, body: Data)
    {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return try await answer(to: request)
    }

    private static func answer(to request: URLRequest) async throws -> (status: Int, body: Data) {
        let (body, response) = try await session.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, body)
    }
}
