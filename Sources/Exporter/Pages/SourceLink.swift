import AccessScanning

/// How pages show a source in a line.
enum SourceLink {
    /// The link to a source's page. Its text is a canonical address, `invalid` or `other`, never text of a client.
    ///
    /// - Parameter root: The relative address of `/`.
    static func html(_ source: Source, from root: String) -> String {
        "<a href=\"\(HTML.escape(path(source, from: root)))\">\(text(source.address))</a>"
    }

    /// The relative address of a source's page, or of its JSON.
    static func path(
        _ source: Source, from root: String, below list: String = "/sources", outcome: OutcomeChoice? = nil
    ) -> String {
        let query = [
            source.origin == .claimed ? "origin=claimed" : nil, outcome.map { "outcome=\($0.rawValue)" },
        ].compactMap(\.self).joined(separator: "&")
        return root + list + "/" + source.address.description.percentEncoded + (query.isEmpty ? "" : "?\(query)")
    }

    /// An address as HTML. An IPv6 address may be broken after a colon.
    static func text(_ address: SourceAddress) -> String {
        HTML.escape(address.description).replacing(":", with: ":<wbr>")
    }

    /// A mark for a source over the threshold. It is red for verified sources only: anyone can claim an address.
    static func badge(_ source: Source, _ requestsLastHour: UInt64, _ threshold: Int) -> String {
        guard source.isOver(threshold, requestsLastHour) else { return "" }
        let style = source.origin == .verified ? "badge over" : "badge"
        return "<span class=\"\(style)\">over \(threshold)</span> "
    }
}

extension Location {
    /// The city and the country, as far as they are known.
    var text: String { [city, country].filter { !$0.isEmpty }.joined(separator: ", ") }
}

/// How pages show outcomes.
enum OutcomeText {
    /// What the words mean.
    static let legend = """
        Forbidden: made without credentials and refused (403). Unauthorized: not authenticated (401). Allowed: made \
        without credentials and answered, outside the paths that are open to everyone.
        """

    /// A number of allowed requests. One that is not zero has a mark: something is open. It is red for verified sources
    /// only.
    static func allowed(_ requests: UInt64, _ source: Source) -> String {
        guard requests > 0 else { return "0" }
        return "<span class=\"badge\(source.origin == .verified ? " over" : "")\">\(HTML.grouped(requests))</span>"
    }

    /// The outcome and credentials of a counter, such as `unauthorized, no credentials`.
    static func text(_ outcome: Outcome, _ credentials: Credentials?) -> String {
        switch credentials {
        case nil: outcome.rawValue
        case .some(.none): "\(outcome.rawValue), no credentials"
        case .presented: "\(outcome.rawValue), credentials presented"
        case .unknown: "\(outcome.rawValue), credentials not known"
        }
    }
}
