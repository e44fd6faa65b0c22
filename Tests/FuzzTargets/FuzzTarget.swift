/// A way for hostile bytes into the exporter, with what must hold whatever they are.
public enum FuzzTarget: String, Sendable, CaseIterable {
    /// Pieces of a log.
    case lines
    /// One line, read fast and by Foundation.
    case differential
    /// The body of a webhook's request, read fast and by Foundation.
    case eventlist
    /// Addresses and networks.
    case addresses
    /// The web configuration file.
    case webconfiguration
    /// The filter file, and globs.
    case filter
    /// The Accept header, and where to listen.
    case headers
    /// What a server is sent: request targets, passwords, codings, or anything.
    case requests
    /// Labels and HELP texts.
    case exposition
    /// A database that is damaged.
    case state
    /// gzip and zstd.
    case decompression
    /// What happens to logs while they are followed.
    case following

    /// Does with the bytes what the exporter would do.
    ///
    /// - Throws: `Disagreement`, or what the system said where a file could not be made.
    public func run(_ bytes: [UInt8]) throws {
        switch self {
        case .lines: try LinesTarget.run(bytes)
        case .differential: try DifferentialTarget.run(bytes)
        case .eventlist: try EventListTarget.run(bytes)
        case .addresses: try AddressesTarget.run(bytes)
        case .webconfiguration: try WebConfigurationTarget.run(bytes)
        case .filter: try FilterTarget.run(bytes)
        case .headers: try HeadersTarget.run(bytes)
        case .requests: try RequestsTarget.run(bytes)
        case .exposition: try ExpositionTarget.run(bytes)
        case .state: try StateTarget.run(bytes)
        case .decompression: try DecompressionTarget.run(bytes)
        case .following: try FollowingTarget.run(bytes)
        }
    }
}
