public import AccessScanning
public import AuditEvents

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

    private let key: SipHash128.Key
    private var first: [Evidence.Column: [Value]] = [:]
    private var later: [Evidence.Column: [Value]] = [:]
    private var lost: [Evidence.Column: Int] = [:]

    /// No values.
    ///
    /// - Parameter key: The key of the hashes that choose samples.
    public init(key: SipHash128.Key) {
        self.key = key
    }

    /// The values of a column that must be kept, in their order.
    public func values(_ column: Evidence.Column) -> [Value] { firstValues(column) + (later[column] ?? []) }

    /// Those of them that are kept because they were the first ones; they do not depend on the key.
    public func firstValues(_ column: Evidence.Column) -> [Value] { first[column] ?? [] }

    /// Whether no value of any column has given way.
    public var isComplete: Bool { lost.isEmpty }

    /// How often a value gave way or found no room.
    public func leftOut(_ column: Evidence.Column) -> UInt64 { UInt64(lost[column] ?? 0) }

    /// Notes the value of a request.
    public mutating func note(_ text: String, _ outcome: Outcome, in column: Evidence.Column) {
        let text = Array(Self.cut(text).utf8)
        if let place = first[column]?.firstIndex(where: { $0.bytes == text }) {
            first[column]?[place].outcomes.insert(outcome)
            return
        }
        if let place = later[column]?.firstIndex(where: { $0.bytes == text }) {
            later[column]?[place].outcomes.insert(outcome)
            return
        }
        let value = Value(bytes: text, outcomes: [outcome])
        let (early, late) = (first[column] ?? [], later[column] ?? [])
        let firstRoom = Evidence.firstByteLimit - taken(without: column, first) { $0.reserve }
        if late.isEmpty, early.count < 8, Self.size(early + [value]) <= firstRoom {
            first[column] = early + [value]
            return
        }
        let room = Evidence.newestByteLimit - taken(without: column, later) { $0.newestReserve }
        let kept = reduced(late + [value], to: 20 - early.count, bytes: room)
        if kept.last == value {
            later[column] = kept
            lost[column, default: 0] += late.count + 1 - kept.count
        } else {
            lost[column, default: 0] += 1
        }
        if lost[column] == 0 { lost[column] = nil }
    }

    /// What is kept of the values of a column besides the first ones. The last one is new.
    private func reduced(_ values: [Value], to limit: Int, bytes room: Int) -> [Value] {
        let isTooLong = Self.size(values) > room
        guard values.count > limit || isTooLong else { return values }
        var newest = 1
        while newest < min(7, values.count), !isTooLong || Self.size(values.suffix(newest + 1)) <= room / 2 {
            newest += 1
        }
        let between = values.dropLast(newest).sorted { hash($0) < hash($1) }
        let byRank = values.suffix(newest).reversed() + between
        var kept: [Value] = []
        for group in [
            byRank.filter { $0.outcomes.contains(.allowed) }, byRank.filter { !$0.outcomes.contains(.allowed) },
        ] {
            for value in group where kept.count < limit && Self.size(kept + [value]) <= room { kept.append(value) }
        }
        return values.filter(kept.contains)
    }

    private func hash(_ value: Value) -> UInt64 {
        var hash = SipHash128(key: key)
        hash.combine(bytes: value.bytes.span.bytes)
        return hash.digest().first
    }

    private func taken(
        without column: Evidence.Column, _ part: [Evidence.Column: [Value]], reserve: (Evidence.Column) -> Int
    ) -> Int {
        Evidence.Column.allCases.filter { $0 != column }.map { max(reserve($0), Self.size(part[$0] ?? [])) }.reduce(
            0, +)
    }

    private static func size(_ values: some Collection<Value>) -> Int { values.map(\.size).reduce(0, +) }

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
