public import Foundation
import FoundationNetworking

/// Sends requests to servers on loopback.
public enum HTTPClient {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        return URLSession(configuration: configuration, delegate: NoRedirection(), delegateQueue: nil)
    }()

    /// The response to a GET.
    ///
    /// - Parameters:
    ///   - url: The URL to get.
    ///   - accept: The header `Accept`.
    /// - Returns: The status, the body, and the URL to which redirections led.
    /// - Throws: `URLError` without a response within 10 seconds.
    public static func get(
        _ url: URL, accept: String = "*/*"
    ) async throws -> (status: Int, body: Data, url: URL) {
        var url = url
        for _ in 0..<5 {
            var request = URLRequest(url: url)
            request.setValue(accept, forHTTPHeaderField: "Accept")
            let response = try await response(to: request)
            guard let next = response.location.flatMap({ URL(string: $0, relativeTo: url)?.absoluteURL }) else {
                return (response.status, response.body, url)
            }
            url = next
        }
        throw URLError(.httpTooManyRedirects)
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
        let response = try await response(to: request)
        return (response.status, response.body)
    }

    /// - Returns: Also the target of a redirection.
    private static func response(
        to request: URLRequest
    ) async throws -> (status: Int, body: Data, location: String?) {
        let (body, response) = try await session.data(for: request)
        guard let response = response as? HTTPURLResponse else { return (0, body, nil) }
        let isRedirection = (300..<400).contains(response.statusCode)
        return (
            response.statusCode, body, isRedirection ? response.value(forHTTPHeaderField: "Location") : nil
        )
    }

    /// Foundation for Linux reports too many redirections for a second one with a query.
    private final class NoRedirection: NSObject, URLSessionTaskDelegate, Sendable {
        func urlSession(
            _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }
    }
}
