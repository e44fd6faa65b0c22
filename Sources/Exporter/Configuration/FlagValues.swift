/// A duration in Prometheus's syntax: `30s`, `24h`, `1d12h`.
///
/// Source: <https://prometheus.io/docs/prometheus/latest/configuration/configuration/> (`<duration>`).
struct PrometheusDuration {
    let seconds: Double

    // From the largest to the smallest, the order in which they must be written.
    private static let units: [(name: String, milliseconds: Int)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
        ("s", 1000), ("ms", 1),
    ]

    /// - Parameter text: Numbers with their units, largest unit first, each at most once. Any other text gives `nil`.
    init?(_ text: String) {
        var rest = text[...]
        var total = 0
        var nextUnit = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            guard let number = Int(digits),
                let unit = Self.units[nextUnit...].firstIndex(where: { $0.name == name })
            else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: Self.units[unit].milliseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            guard !overflow, !sumOverflow else { return nil }
            total = sum
            nextUnit = unit + 1
            rest = rest.dropFirst(digits.count + name.count)
        }
        guard nextUnit > 0 else { return nil }
        seconds = Double(total) / 1000
    }
}

extension PrometheusDuration {
    /// A duration in the syntax that `init(_:)` parses, without years and weeks: `1d12h`.
    ///
    /// - Parameter seconds: At least zero; fractions of a millisecond are left out.
    static func text(_ seconds: Double) -> String {
        guard seconds < 1e12 else { return "\(seconds)s" }
        var rest = Int(max(0, seconds) * 1000)
        var text = ""
        for unit in units.dropFirst(2) where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text.isEmpty ? "0s" : text
    }
}

/// Whole numbers in flags.
enum WholeNumber {
    /// - Parameters:
    ///   - text: The value of the flag.
    ///   - range: The numbers that can be used.
    ///   - example: A usual number, for the error.
    /// - Throws: `ConfigurationError` with the range.
    static func parse(
        _ text: String, for flag: String, in range: ClosedRange<Int>, suchAs example: Int
    ) throws(ConfigurationError) -> Int {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isNumber, let number = Int(text), range.contains(number) { return number }
        throw ConfigurationError(
            flag: flag,
            reason: "\"\(text)\" is not \(isNumber ? "in the range" : "a number"); give a whole number from "
                + "\(range.lowerBound) to \(range.upperBound), such as \(example)")
    }
}

/// A number of bytes in a flag: `1000`, `512KiB`, `32MiB`.
struct ByteSize: Sendable, Hashable {
    let bytes: Int

    /// `nil` if `text` is not a size.
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
