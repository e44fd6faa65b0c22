import AccessScanning
import Foundation

/// A source in the output of `scan`.
struct ScanRow {
    let source: CollectedSource
    let location: Location

    /// The names of the columns, in the order in which they are printed.
    static let columns =
        ["src_ip", "country", "city", "origin", "count", "first_seen", "last_seen"]
        + Evidence.Column.allCases.map(\.name)

    var address: String { source.source.address.description }
    var origin: String { source.source.origin.rawValue }
    var firstSeen: String? { source.seen.map { Self.time($0.lowerBound) } }
    var lastSeen: String? { source.seen.map { Self.time($0.upperBound) } }

    private static func time(_ seconds: Double) -> String { StartMessages.time(seconds.rounded(.down)) }

    /// The rows of the sources with more than `threshold` requests.
    static func rows(
        of sources: [CollectedSource], over threshold: Int, locate: (IPAddress) -> Location
    ) -> [ScanRow] {
        sources.filter { $0.count > threshold }.map { source in
            guard case .address(let address) = source.source.address else {
                return ScanRow(source: source, location: .unknown)
            }
            return ScanRow(source: source, location: locate(address))
        }
    }
}
