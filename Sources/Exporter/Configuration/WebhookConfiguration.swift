import HTTPServing

/// The validated flags of the audit webhook.
struct WebhookConfiguration: Sendable {
    // An API server sends at most 400 events per body by default. A JSON parser takes several times the body's size.
    private static let bodySizes = 1 << 10...1 << 30

    let address: ListenAddress
    /// The server's configuration file; `nil` if none is given.
    let web: LoadedFile<WebConfiguration>?
    /// Maximum size of a body in bytes.
    let maxBodySize: Int

    /// `nil` if the webhook is disabled.
    ///
    /// - Throws: `ConfigurationError` with the flag and the correction.
    init?(_ options: ServeOptions) throws(ConfigurationError) {
        guard let address = options.webhookListenAddress else {
            for (flag, value) in [
                ("--webhook.config.file", options.webhookConfigFile),
                ("--webhook.max-body-size", options.webhookMaxBodySize),
            ] where value != nil {
                throw ConfigurationError(
                    flag: flag, reason: "has no effect without --webhook.listen-address HOST:PORT; add it")
            }
            return nil
        }
        self.address = try Configuration.address(address, for: "--webhook.listen-address")
        web = try Configuration.file(
            options.webhookConfigFile, for: "--webhook.config.file", WebConfiguration.read)
        let text = options.webhookMaxBodySize ?? "32MiB"
        guard let size = ByteSize(text), Self.bodySizes.contains(size.bytes) else {
            throw ConfigurationError(
                flag: "--webhook.max-body-size",
                reason: "\"\(text)\" cannot be used; give bytes, or a number with KiB or MiB, "
                    + "from 1KiB to 1024MiB, such as 32MiB")
        }
        maxBodySize = size.bytes
    }

    /// The resources that API servers may use.
    var limits: Limits {
        // In the blocking modes each request to the API server causes a request to the webhook, 600 at a time by
        // default. The idle timeout is longer than the client's (Go: 90 s), so that no connection is closed while a
        // request is on its way. The client's timeout for a request is 30 s. API servers may share an IPv6 network, so
        // there is no lower limit per client; when all places are taken, a connection of the client with the most
        // unfinished ones is cut.
        Limits(
            connections: 2048, connectionsPerAddress: 2048, idleTimeout: 120, requestTimeout: 30,
            connectionMemory: 64 << 10, bodySize: maxBodySize, bodyMemory: 4 * maxBodySize)
    }
}
