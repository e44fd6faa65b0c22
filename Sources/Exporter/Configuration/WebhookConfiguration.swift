import HTTPServing

/// How the audit webhook is received.
struct WebhookConfiguration: Sendable {
    // An API server sends 400 events a body unless told otherwise; a JSON parser takes several times the body.
    private static let bodySizes = 1 << 10...1 << 30

    let address: ListenAddress
    /// The configuration file of its server; `nil` where none is given.
    let web: LoadedFile<WebConfiguration>?
    /// Bytes of a body.
    let maxBodySize: Int

    /// `nil` where no webhook is wanted.
    ///
    /// - Throws: `ConfigurationError`, which names the flag and says what to do.
    init?(_ options: ServeOptions) throws(ConfigurationError) {
        guard let address = options.webhookListenAddress else {
            guard options.webhookConfigFile == nil else {
                throw ConfigurationError(
                    flag: "--webhook.config.file",
                    reason: "no webhook is received; give --webhook.listen-address HOST:PORT too")
            }
            return nil
        }
        self.address = try Configuration.address(address, for: "--webhook.listen-address")
        web = try Configuration.file(
            options.webhookConfigFile, for: "--webhook.config.file", WebConfiguration.read)
        guard let size = ByteSize(options.webhookMaxBodySize), Self.bodySizes.contains(size.bytes) else {
            throw ConfigurationError(
                flag: "--webhook.max-body-size",
                reason: "\"\(options.webhookMaxBodySize)\" cannot be used; give bytes, or a number with KiB or MiB, "
                    + "from 1KiB to 1024MiB, such as 32MiB")
        }
        maxBodySize = size.bytes
    }

    /// What senders may take of the server.
    var limits: Limits {
        // In the blocking modes each request to the API server has one of its own to the webhook, 600 at a time by
        // default. An idle connection is kept for longer than the client keeps it (Go: 90 s), so that none is closed
        // under a request that is on its way. It gives a request 30 s. API servers may share an IPv6 network, so that a
        // client has no bound of its own; who has most gives way when all places are taken.
        Limits(
            connections: 2048, connectionsPerAddress: 2048, idleTimeout: 120, requestTimeout: 30,
            connectionMemory: 64 << 10, bodySize: maxBodySize, bodyMemory: 4 * maxBodySize)
    }
}
