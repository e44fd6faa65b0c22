public import ConfigurationFiles

extension RequestFilter {
    /// The most bytes that a filter file may have; more than anyone writes by hand.
    public static let fileSizeLimit = 1 << 20

    // Each entry is a series in the metrics.
    private static let entryLimit = 1000

    /// Parses the content of a filter file.
    ///
    /// ```yaml
    /// filters:
    ///   - name: load balancer health checks
    ///     networks: [10.0.0.0/8, 192.0.2.7]
    ///     user_agents: ["kube-probe/*"]
    ///     request_uris: ["/readyz", "/livez*"]
    ///     verbs: [get]
    ///     outcomes: [unauthorized]
    /// ```
    ///
    /// - Parameters:
    ///   - content: The bytes of the file. An empty file is a filter without entries.
    ///   - file: The path of the file, for errors.
    /// - Throws: `ConfigurationFileError` with the line, the entry and the correction.
    public init(content: [UInt8], file: String) throws(ConfigurationFileError) {
        guard let document = try ConfigurationMapping(document: content, file: file) else {
            self.init()
            return
        }
        try document.allow(["filters"])
        let sections = try document.mappings("filters", limit: Self.entryLimit, named: "entry") ?? []
        var entries: [FilterEntry] = []
        for section in sections {
            let entry = try FilterEntry(section)
            guard !entries.contains(where: { $0.name == entry.name }) else {
                throw section.place.failure("another entry is named \"\(entry.name)\"; give each its own name")
            }
            entries.append(entry)
        }
        self.init(entries: entries)
    }
}

extension FilterEntry {
    fileprivate init(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        var section = section
        try section.allow(["name", "networks", "user_agents", "request_uris", "verbs", "outcomes"])
        guard section.keys.contains("name") else {
            throw section.place.failure("has no name; give one, it is the label filter in the metrics")
        }
        guard let name = try section.string("name") else {
            throw section.place(of: "name").failure("must be a text that is not empty")
        }
        section.place.key = section.place.key.map { "\($0) (\(name))" }
        self.init(
            name: name,
            networks: try Self.values(section, "networks") { text in
                Result { () throws(NetworkSyntaxError) in try Network(validating: text) }
                    .mapError { Refusal($0.reason) }
            },
            userAgents: try Self.values(section, "user_agents", Self.glob),
            requestURIs: try Self.values(section, "request_uris", Self.glob),
            verbs: try Self.values(section, "verbs", Self.verb),
            outcomes: try Self.values(section, "outcomes", Self.outcome))
        // Verbs and outcomes alone would exclude most scans.
        guard networks != nil || userAgents != nil || requestURIs != nil else {
            throw section.place.failure(
                "would match requests of any client; give networks, user_agents or request_uris")
        }
    }

    /// The defect of a value and its correction.
    private struct Refusal: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    private static func glob(_ text: String) -> Result<Glob, Refusal> {
        Glob(text).map { .success($0) }
            ?? .failure(Refusal(#"ends in a single \; write \\ for the character itself"#))
    }

    private static func verb(_ text: String) -> Result<String, Refusal> {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) { return .success(text) }
        return .failure(Refusal("is not a verb of audit events, which are lower case, such as get, list or options"))
    }

    private static func outcome(_ text: String) -> Result<Outcome, Refusal> {
        let known = Outcome.allCases.map(\.rawValue).joined(separator: ", ")
        return Outcome(rawValue: text).map { .success($0) } ?? .failure(Refusal("is not known; give some of \(known)"))
    }

    /// The values of one condition; `nil` if the entry does not have it.
    private static func values<Value>(
        _ section: ConfigurationMapping, _ key: String, _ parse: (String) -> Result<Value, Refusal>
    ) throws(ConfigurationFileError) -> [Value]? {
        guard let texts = try section.list(key) else { return nil }
        guard !texts.isEmpty else {
            throw section.place(of: key).failure("is empty and matches nothing; leave it out to match all")
        }
        var values: [Value] = []
        for (text, place) in texts {
            switch parse(text) {
            case .success(let value): values.append(value)
            case .failure(let refusal): throw place.failure("\"\(text)\" \(refusal.reason)")
            }
        }
        return values
    }
}
