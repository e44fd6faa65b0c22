/// The samples of one metric.
public struct MetricFamily: Sendable, Hashable {
    /// What kind of metric it is.
    public enum Kind: String, Sendable, Hashable {
        /// It only rises, but for a restart.
        case counter
        /// It rises and falls.
        case gauge
    }

    /// The name that samples have: with `_total` if it is a counter.
    public let name: String
    /// What it means, for people.
    public let help: String
    /// What kind of metric it is.
    public let kind: Kind
    /// The samples, in the order in which they are written.
    public var samples: [Sample]

    /// A family.
    ///
    /// - Parameters:
    ///   - name: As Prometheus allows it; a counter's ends with `_total`, which is an error of the program otherwise.
    ///   - help: What it means, one sentence.
    ///   - kind: What kind of metric it is.
    ///   - samples: Its samples, no two with the same labels.
    public init(_ name: String, help: String, kind: Kind, samples: [Sample]) {
        precondition(Self.isValid(name: name), "\(name) is no metric name")
        precondition(kind != .counter || name.hasSuffix("_total"), "the counter \(name) must end with _total")
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// The name without a counter's suffix, which is what OpenMetrics calls the family.
    var baseName: String {
        kind == .counter ? String(name.dropLast("_total".count)) : name
    }

    /// The unit that the name ends with, where it is one that OpenMetrics can be told.
    var unit: String? {
        ["seconds", "bytes"].first { baseName.hasSuffix("_\($0)") }
    }

    private static func isValid(name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") || $0.isASCIILetterOrDigit }
    }
}
