public import Foundation

/// Pages about alerts of the stack's programs.
///
/// Debian's packages lack the web applications of Prometheus and Alertmanager: its Prometheus has older pages, under
/// `/classic`, and its Alertmanager has no page about alerts.
public struct StackPages: Sendable {
    /// Prometheus' alerts.
    public let prometheusAlerts: URL
    /// Alertmanager's alerts: a page, or the API's JSON.
    public let alertmanagerAlerts: URL
    /// Whether Alertmanager has a web application.
    public let alertmanagerHasPages: Bool
}

extension LocalStack {
    /// The pages that these versions of the programs have.
    public func pages() async throws -> StackPages {
        let older = prometheus.url.appending(path: "/classic/alerts")
        let hasOlder = try await HTTPClient.get(older).status == 200
        let start = try await HTTPClient.get(alertmanager.url.appending(path: "/"))
        let hasPages = !String(decoding: start.body, as: UTF8.self).contains("does not include a web")
        return StackPages(
            prometheusAlerts: hasOlder ? older : prometheus.url.appending(path: "/alerts"),
            alertmanagerAlerts: hasPages
                ? alertmanager.url.appending(path: "/").appending(fragment: "/alerts")
                : alertmanager.url.appending(path: "/api/v2/alerts"),
            alertmanagerHasPages: hasPages)
    }
}

extension URL {
    fileprivate func appending(fragment: String) -> URL { URL(string: "\(absoluteString)#\(fragment)") ?? self }
}
