/// A number of bytes as it is written in a flag: `1000`, `512KiB`, `32MiB`.
struct ByteSize: Sendable, Hashable {
    let bytes: Int

    /// `nil` where the text is no size.
    init?(_ text: String) {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20)]
        let (suffix, factor) = units.first { text.hasSuffix($0.0) } ?? ("", 1)
        let digits = text.dropLast(suffix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits) else {
            return nil
        }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: factor)
        guard !isTooMuch else { return nil }
        self.bytes = bytes
    }
}
