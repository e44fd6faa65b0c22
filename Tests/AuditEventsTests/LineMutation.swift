import Foundation
import TestSupport

/// Variants of an audit log line as another shipper may write it, or broken.
enum LineMutation: CaseIterable {
    case respelled
    case reordered
    case byteChanged
    case byteRemoved
    case byteInserted
    case cutOff
    case spliced
    case oddBytes
    case oddNumber

    /// A changed copy of `line`; `other` is some other line.
    func apply(to line: [UInt8], other: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8] {
        guard !line.isEmpty else { return line }
        var changed = line
        let place = Int.random(in: line.indices, using: &random)
        // Bytes with a meaning in JSON, and some without.
        let byte = Array("{}[]\",:\\u0 9eE+-.tfn\tx\u{e9}".utf8).randomElement(using: &random) ?? 0
        switch self {
        case .respelled: changed = respell(line, using: &random)
        case .reordered: changed = reorder(line, using: &random)
        case .byteChanged: changed[place] = byte
        case .byteRemoved: changed.remove(at: place)
        case .byteInserted: changed.insert(byte, at: place)
        case .cutOff: changed.removeSubrange(place...)
        case .oddBytes:
            // Within some string: behind a letter.
            let places = line.indices.filter { (0x61...0x7A).contains(line[$0]) }
            let piece = OddText.inStrings.randomElement(using: &random) ?? []
            if let place = places.randomElement(using: &random) { changed.insert(contentsOf: piece, at: place + 1) }
        case .oddNumber:
            let number = OddText.numbers.randomElement(using: &random) ?? ""
            changed.insert(contentsOf: Array(#""requestObject":{"n":[\#(number),{"x":\#(number)}]},"#.utf8), at: 1)
        case .spliced: changed.replaceSubrange(place..., with: other.suffix(from: min(place, other.count)))
        }
        return changed.filter { $0 != UInt8(ascii: "\n") }
    }

    /// Writes some letters as \u escapes. Only within strings, where the escape means the letter.
    private func respell(_ line: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8] {
        let share = Double.random(in: 0...0.3, using: &random)
        var spelled: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in line {
            let isPlain = isInString && !isEscaped && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            if isPlain, byte < 0x80, Double.random(in: 0..<1, using: &random) < share {
                let digits = String(byte, radix: 16, uppercase: Bool.random(using: &random))
                spelled += Array("\\u00\(String(repeating: "0", count: 2 - digits.count))\(digits)".utf8)
            } else {
                spelled.append(byte)
            }
            if isInString, !isEscaped, byte == UInt8(ascii: "\\") {
                isEscaped = true
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
            isEscaped = false
        }
        return spelled
    }

    /// Writes the same object with its keys in another order, and with spaces.
    private func reorder(_ line: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else { return line }
        let fields = object.shuffled(using: &random).compactMap { key, value -> String? in
            guard let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed]) else {
                return nil
            }
            let space = String(repeating: " ", count: Int.random(in: 0...2, using: &random))
            return "\(space)\"\(key)\"\(space):\t\(String(decoding: data, as: UTF8.self))\(space)"
        }
        return Array("{\(fields.joined(separator: ","))}\r".utf8)
    }
}
