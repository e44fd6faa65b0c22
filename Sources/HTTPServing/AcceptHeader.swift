/// What a client would like to get: a list of media ranges, each with a quality.
///
/// Source: RFC 9110, 12.5.1.
///
/// ```swift
/// let accept = AcceptHeader("application/openmetrics-text;version=1.0.0,*/*;q=0.1")
/// accept.best(of: ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"])
/// // "application/openmetrics-text; version=1.0.0"
/// ```
public struct AcceptHeader: Sendable, Hashable {
    private let ranges: [WeightedItem]

    /// Reads a header; what makes no sense in it is passed over. Without a header, or with an empty one, everything is
    /// welcome.
    public init(_ text: String?) {
        let ranges = WeightedItem.list(in: text ?? "")
        self.ranges = ranges.isEmpty ? WeightedItem.list(in: "*/*") : ranges
    }

    /// How welcome a media type is, from 0 (not at all) to 1.
    ///
    /// - Parameter mediaType: With its parameters, such as `text/plain; version=0.0.4`.
    public func quality(of mediaType: String) -> Double {
        guard let offered = WeightedItem.list(in: mediaType).first else { return 0 }
        // The most specific range that matches decides, whatever the others say.
        let matching = ranges.compactMap { range in
            Self.specificity(of: range, for: offered).map { (specificity: $0, quality: range.quality) }
        }
        return matching.max { $0.specificity < $1.specificity }?.quality ?? 0
    }

    /// The most welcome of several media types; the first of those that are equally welcome, `nil` where none is.
    public func best(of mediaTypes: [String]) -> String? {
        var best: (type: String, quality: Double)?
        for type in mediaTypes {
            let quality = quality(of: type)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }

    /// How closely a range describes what is offered; `nil` where it does not.
    ///
    /// A parameter that the offer has too must be the same. One that the offer does not have says what the client
    /// could take beyond it (Prometheus 3 asks for `escaping=allow-utf-8`), and does not stand against it.
    private static func specificity(of range: WeightedItem, for offered: WeightedItem) -> Int? {
        // A lone star is what old Java clients send.
        if range.name == "*/*" || range.name == "*" { return 0 }
        let type = offered.name.prefix { $0 != "/" }
        if range.name == "\(type)/*" { return 1 }
        guard range.name == offered.name else { return nil }
        var specificity = 2
        for (name, value) in range.parameters {
            guard let own = offered.parameters[name] else { continue }
            guard own == value else { return nil }
            specificity += 1
        }
        return specificity
    }
}
