import Foundation

/// Numbers as bytes, the lowest first, so that a database can be read on any machine.
enum LittleEndian {
    /// Sixteen bytes.
    static func data(_ first: UInt64, _ second: UInt64) -> Data {
        var data = Data(capacity: 16)
        append(first, to: &data)
        append(second, to: &data)
        return data
    }

    /// Four bytes each.
    static func data(_ numbers: [UInt32]) -> Data {
        var data = Data(capacity: 4 * numbers.count)
        for number in numbers { append(number, to: &data) }
        return data
    }

    static func append(_ number: some FixedWidthInteger, to data: inout Data) {
        withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
    }

    /// The number at an offset, which must be within the data.
    static func number<Number: FixedWidthInteger>(_: Number.Type = Number.self, in data: Data, at offset: Int) -> Number
    {
        precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= data.count)
        return Number(littleEndian: data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) })
    }
}
