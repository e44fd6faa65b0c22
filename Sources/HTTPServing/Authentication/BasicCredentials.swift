import FoundationEssentials

/// A user's name and password, as they stand in an `Authorization` header.
///
/// Source: RFC 7617.
struct BasicCredentials: Sendable, Hashable {
    /// Bytes, as the password: two texts that Unicode holds for the same are two names.
    let user: [UInt8]
    let password: [UInt8]

    /// Reads the header; `nil` where it holds no such credentials.
    init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            // Several spaces may stand between the two, and blanks behind them (RFC 9110, 11.4 and 5.5).
            let encoded = parts[1].split(whereSeparator: { $0 == " " || $0 == "\t" }).only,
            let decoded = Data(base64Encoded: String(encoded)), let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        user = Array(decoded[..<colon])
        password = Array(decoded[decoded.index(after: colon)...])
    }
}

extension Collection {
    /// Its element, where it has one and no more.
    fileprivate var only: Element? { count == 1 ? first : nil }
}
