import Foundation

/// Series in Prometheus' remote write format: a Protocol Buffers message in Snappy's block format.
///
/// Text and JSON imports have no stale markers, and many difficult cases of the rule begin with one.
///
/// Source: <https://prometheus.io/docs/specs/prw/remote_write_spec/>
struct RemoteWrite {
    /// The stale marker.
    private static let staleMark: UInt64 = 0x7ff0_0000_0000_0002

    static let headers = [
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    ]

    private var message = Data()

    /// Adds a series.
    ///
    /// - Parameters:
    ///   - labels: With `__name__`.
    ///   - samples: The time in seconds since 1970, and the value; `nil` at the end of the series.
    mutating func add(_ labels: [String: String], _ samples: [(time: Int, value: Double?)]) {
        var series = Data()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            Self.append(1, Self.field(1, Data(name.utf8)) + Self.field(2, Data(value.utf8)), to: &series)
        }
        for (time, value) in samples {
            let bits = value?.bitPattern ?? Self.staleMark
            // A double in field 1, and milliseconds in field 2.
            var sample = Data([0x09]) + withUnsafeBytes(of: bits.littleEndian) { Data($0) } + Data([0x10])
            sample += Self.varint(UInt64(time) * 1000)
            Self.append(2, sample, to: &series)
        }
        Self.append(1, series, to: &message)
    }

    /// The message, as literals of at most 64 KiB: nothing is compressed, which Snappy allows.
    var body: Data {
        var body = Self.varint(UInt64(message.count))
        var rest = message[...]
        while !rest.isEmpty {
            let literal = rest.prefix(65536)
            rest = rest.dropFirst(literal.count)
            body += [0xf4, UInt8((literal.count - 1) & 0xff), UInt8((literal.count - 1) >> 8)]
            body += literal
        }
        return body
    }

    private static func append(_ number: UInt64, _ content: Data, to data: inout Data) {
        data += field(number, content)
    }

    private static func field(_ number: UInt64, _ content: Data) -> Data {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    private static func varint(_ number: UInt64) -> Data {
        var (rest, bytes) = (number, Data())
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }
}
