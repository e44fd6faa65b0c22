public import AccessScanning

/// The slow and obvious way to keep the distinct values of a source.
public struct PlainEvidence: Sendable {
    /// A value, by its bytes: Swift takes some strings of different bytes for equal.
    public struct Value: Sendable, Equatable {
        /// UTF-8.
        public var bytes: [UInt8]
        /// The outcomes of the requests that had it.
        public var outcomes: Set<Outcome>

        var size: Int { bytes.count + 2 }
    }

    private static let partLimit = Evidence.byteLimit / 2

    private var first: [Evidence.Column: [Value]] = [:]
    private var newest: [Evidence.Column: [Value]] = [:]
    private var lost: [Evidence.Column: Int] = [:]

    /// No values.
    public init() {}

    /// The values of a column that must be kept, in their order.
    public func values(_ column: Evidence.Column) -> [Value] { (first[column] ?? []) + (newest[column] ?? []) }

    /// How often a value gave way or found no room.
    public func leftOut(_ column: Evidence.Column) -> UInt64 { UInt64(lost[column] ?? 0) }

    /// Notes the value of a request.
    public mutating func note(_ text: String, _ outcome: Outcome, in column: Evidence.Column) {
        let text = Array(Self.cut(text).utf8)
        if let place = first[column]?.firstIndex(where: { $0.bytes == text }) {
            first[column]?[place].outcomes.insert(outcome)
            return
        }
        if let place = newest[column]?.firstIndex(where: { $0.bytes == text }) {
            newest[column]?[place].outcomes.insert(outcome)
            return
        }
        let value = Value(bytes: text, outcomes: [outcome])
        let (early, late) = (first[column] ?? [], newest[column] ?? [])
        if late.isEmpty, early.count < 10, fits(early + [value], column, beside: first) {
            first[column] = early + [value]
            return
        }
        var rest = late
        while rest.count + early.count >= 20 || !fits(rest + [value], column, beside: newest) {
            if let place = rest.firstIndex(where: { !$0.outcomes.contains(.allowed) }) {
                rest.remove(at: place)
            } else if outcome == .allowed, !rest.isEmpty {
                rest.removeFirst()
            } else {
                lost[column, default: 0] += 1
                return
            }
        }
        newest[column] = rest + [value]
        lost[column, default: 0] += late.count - rest.count
    }

    private func fits(
        _ values: [Value], _ column: Evidence.Column, beside part: [Evidence.Column: [Value]]
    ) -> Bool {
        let others = Evidence.Column.allCases.filter { $0 != column }.map { other in
            max(other.reserve, (part[other] ?? []).map(\.size).reduce(0, +))
        }
        return others.reduce(0, +) + values.map(\.size).reduce(0, +) <= Self.partLimit
    }

    /// A long value as it is shown: its beginning, and the FNV-1a hash of the whole.
    public static func cut(_ text: String) -> String {
        guard text.utf8.count > 256 else { return text }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(repeating: "0", count: 16) + String(hash, radix: 16)
        var scalars = text.unicodeScalars
        var size = text.utf8.count
        while size > 237, let last = scalars.popLast() { size -= String(last).utf8.count }
        return String(scalars) + "…" + digits.suffix(16)
    }
}
