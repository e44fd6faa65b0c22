/// What a client would like to get: a list of ranges, each with a quality.
///
/// Source: RFC 9110, 12.4.2 and 12.5.1.
public struct AcceptHeader: Sendable, Hashable {
    private struct Range: Sendable, Hashable {
        var name: String
        var parameters: [String: String]
        var quality: Double
    }

    private let ranges: [Range]

    /// Reads a header; what makes no sense in it is passed over.
    public init(_ text: String) {
        // A header has room for very many ranges; a client that needs more than these is none.
        ranges = text.split(separator: ",").prefix(64).compactMap { part in
            let pieces = part.split(separator: ";", omittingEmptySubsequences: false)
                .map { String($0.trimmingSpaces()).lowercased() }
            guard let name = pieces.first, !name.isEmpty else { return nil }
            var range = Range(name: name, parameters: [:], quality: 1)
            for piece in pieces.dropFirst() {
                let pair = piece.split(separator: "=", maxSplits: 1).map { $0.trimmingSpaces() }
                guard pair.count == 2 else { continue }
                let value = String(pair[1].trimmingQuotes())
                if pair[0] == "q" {
                    range.quality = Double(value).map { $0.isFinite ? min(max($0, 0), 1) : 0 } ?? 0
                } else {
                    range.parameters[String(pair[0])] = value
                }
            }
            return range
        }
    }

    /// How welcome a media type is, from 0 (not at all) to 1.
    ///
    /// - Parameter mediaType: With its parameters, such as `text/plain; version=0.0.4`.
    public func quality(of mediaType: String) -> Double {
        let offered = AcceptHeader(mediaType).ranges.first
        guard let offered else { return 0 }
        // The most specific range that matches decides, whatever the others say.
        let matching = ranges.compactMap { range in
            Self.specificity(of: range, for: offered).map { ($0, range.quality) }
        }
        return matching.max { $0.0 < $1.0 }?.1 ?? 0
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
    private static func specificity(of range: Range, for offered: Range) -> Int? {
        if range.name == "*/*" { return 0 }
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

/// Which codings of an answer a client can undo.
struct AcceptEncodingHeader {
    let acceptsGzip: Bool

    init(_ text: String?) {
        guard let text else {
            acceptsGzip = false
            return
        }
        var named: Bool?
        var others = false
        for part in text.split(separator: ",").prefix(64) {
            let pieces = part.split(separator: ";").map { $0.trimmingSpaces().lowercased() }
            let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if pieces.first == "gzip" || pieces.first == "x-gzip" { named = quality > 0 }
            if pieces.first == "*" { others = quality > 0 }
        }
        acceptsGzip = named ?? others
    }
}

extension StringProtocol where SubSequence == Substring {
    func trimmingSpaces() -> Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { start[...$0] } ?? ""
    }

    func trimmingQuotes() -> Substring {
        count >= 2 && first == "\"" && last == "\"" ? dropFirst().dropLast() : self[...]
    }
}
