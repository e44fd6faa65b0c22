/// A path of hostile bytes into the exporter, with the properties that must hold for any bytes.
public enum FuzzTarget: String, Sendable, CaseIterable {
    /// A log in pieces.
    case lines
    /// A log of envelopes in pieces, behind a byte that names their form.
    case envelopes
    /// One line, read by the fast scan and by Foundation.
    case differential
    /// A webhook body, read by the fast scan and by Foundation.
    case eventlist
    /// Addresses and networks.
    case addresses
    /// The web configuration file.
    case webconfiguration
    /// The filter file, and globs.
    case filter
    /// The Accept header, and listen addresses.
    case headers
    /// Requests to a server: targets, passwords, content codings, or any bytes.
    case requests
    /// Labels and HELP texts.
    case exposition
    /// A damaged database.
    case state
    /// gzip and zstd.
    case decompression
    /// Changes to logs while they are followed.
    case following

    /// Processes the bytes as the exporter would.
    ///
    /// - Throws: `Disagreement`, or the system's error if a file could not be created.
    public func run(_ bytes: [UInt8]) throws {
        switch self {
        case .envelopes: try EnvelopesTarget.run(bytes)
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
