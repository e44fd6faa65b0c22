/// Which codings of an answer a client can undo.
///
/// Source: RFC 9110, 12.5.3.
struct AcceptEncodingHeader {
    /// Whether an answer may be compressed. Only who asks for it gets it, though without a header all would be allowed.
    let acceptsGzip: Bool

    init(_ text: String?) {
        let codings = WeightedItem.list(in: text ?? "")
        let named = codings.first { $0.name == "gzip" || $0.name == "x-gzip" } ?? codings.first { $0.name == "*" }
        acceptsGzip = named.map { $0.quality > 0 } ?? false
    }
}
