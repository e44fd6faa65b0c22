/// The media types that a client prefers: a list of ranges, each with a quality.
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

    /// Parses a header. Invalid elements are skipped; without a header, or with an empty one, everything is accepted.
    public init(_ text: String?) {
        let ranges = WeightedItem.list(in: text ?? "")
        self.ranges = ranges.isEmpty ? WeightedItem.list(in: "*/*") : ranges
    }

    /// The quality of a media type, from 0 (not acceptable) to 1.
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

    /// The media type with the highest quality, the first of several; `nil` if none is acceptable.
    public func best(of mediaTypes: [String]) -> String? {
        var best: (type: String, quality: Double)?
        for type in mediaTypes {
            let quality = quality(of: type)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }

    /// How specifically a range matches the offered type; `nil` if it does not match.
    ///
    /// A parameter that both have must be equal. A parameter that the offer lacks describes what else the client
    /// accepts (Prometheus 3 sends `escaping=allow-utf-8`), and does not prevent a match.
    private static func specificity(of range: WeightedItem, for offered: WeightedItem) -> Int? {
        // Old Java clients send a lone star.
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

/// The content codings that a client accepts.
///
/// Source: RFC 9110, 12.5.3.
struct AcceptEncodingHeader {
    /// Whether a response may be compressed. Without the header any coding would be allowed, but not every client that
    /// sends none can decompress.
    let acceptsGzip: Bool

    init(_ text: String?) {
        let codings = WeightedItem.list(in: text ?? "")
        let named = codings.first { $0.name == "gzip" || $0.name == "x-gzip" } ?? codings.first { $0.name == "*" }
        acceptsGzip = named.map { $0.quality > 0 } ?? false
    }
}

/// One element of a header that lists what a client accepts, such as `text/plain;version=0.0.4;q=0.5`.
///
/// Source: RFC 9110, 5.6 and 12.4.2. Everything is compared without regard to case.
struct WeightedItem: Sendable, Hashable {
    /// The media type or coding, in lower case.
    let name: String
    /// The parameters except `q`, in lower case, without quotes.
    let parameters: [String: String]
    /// The quality, from 0 (not acceptable) to 1.
    let quality: Double

    // A header has room for thousands of elements; no real client sends more than these.
    private static let maximum = 64

    /// The elements of a header; invalid ones are skipped.
    static func list(in header: String) -> [WeightedItem] {
        split(Array(header.utf8)[...], at: ",", atMost: maximum).compactMap(WeightedItem.init)
    }

    private init?(_ text: ArraySlice<UInt8>) {
        let pieces = Self.split(text, at: ";", atMost: Self.maximum)
        guard let first = pieces.first else { return nil }
        var parameters: [String: String] = [:]
        var quality = 1.0
        for piece in pieces.dropFirst() {
            guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let key = Self.lowercased(Self.trimmed(piece[..<equals]))
            let value = Self.lowercased(Self.unquoted(Self.trimmed(piece[(equals + 1)...])))
            if key == "q" {
                if let number = Double(value), number.isFinite { quality = min(max(number, 0), 1) }
            } else {
                parameters[key] = value
            }
        }
        name = Self.lowercased(first)
        self.parameters = parameters
        self.quality = quality
    }

    /// The pieces between separators outside of quotes, trimmed; empty ones are dropped.
    private static func split(
        _ text: ArraySlice<UInt8>, at separator: Unicode.Scalar, atMost maximum: Int
    ) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        func end(at index: Int) {
            let piece = trimmed(text[start..<index])
            if !piece.isEmpty { pieces.append(piece) }
            start = index + 1
        }
        for index in text.indices where pieces.count < maximum {
            let byte = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: separator) {
                end(at: index)
            }
        }
        if pieces.count < maximum, start <= text.endIndex { end(at: text.endIndex) }
        return pieces
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = text.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return [] }
        return start[...last]
    }

    private static func unquoted(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return text }
        var plain: ArraySlice<UInt8> = []
        var rest = text.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            plain.append(byte == UInt8(ascii: "\\") ? rest.popFirst() ?? byte : byte)
        }
        return plain
    }

    private static func lowercased(_ text: ArraySlice<UInt8>) -> String {
        String(decoding: text, as: UTF8.self).lowercased()
    }
}
