import AuditEvents
import Glibc
import Testing
import TestSupport

/// The vectorised search for the end of an object, such as an item of a webhook's body, agrees with a plain one.
@Suite("The end of an object")
struct ContainerEndTests {
    private static let widths = [0, 16, 32]

    /// Bytes from which hostile objects are made: brackets, quotes and backslashes in other proportions, and bytes that
    /// differ from a bracket in one bit.
    private static let alphabets = [
        #"{}[]"\a"#, #""\"#, #"\\\""#, #"{}"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"#,
        #"{}[]"\abcdefghijklmnopqrstuvwxyz0123456789,:  "#, "{[}]{[;=M\u{1B}\u{1D}\u{5E}\"\u{7F}\u{80}\n",
    ].map { Array($0.utf8) }

    /// A plain search: byte by byte.
    private static func length(of bytes: some Collection<UInt8>) -> Int? {
        var (depth, isInString, isEscaped) = (0, false, false)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isInString: isEscaped = true
            case UInt8(ascii: "\""): isInString.toggle()
            case _ where isInString: break
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
        }
        return nil
    }

    private static func randomObject(using random: inout SeededGenerator) -> [UInt8] {
        let alphabet = alphabets.randomElement(using: &random) ?? []
        let count = Int.random(in: 0...300, using: &random)
        // More is opened than closed at first, so that the end is not always near.
        let opening = Array(repeating: UInt8(ascii: "{"), count: Int.random(in: 1...4, using: &random))
        return opening
            + (0..<count).map { _ in
                Int.random(in: 0..<80, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0
            }
    }

    @Test("is found where a plain search finds it, in blocks of any width", arguments: widths)
    func hostile(width: Int) {
        var random = SeededGenerator(seed: 403)
        var found = 0
        for _ in 0..<5000 {
            let object = Self.randomObject(using: &random)
            let expected = Self.length(of: object)
            found += expected == nil ? 0 : 1
            #expect(
                EventScanner.lengthOfContainer(in: object.span.bytes, blockWidth: width) == expected,
                "\(String(decoding: object, as: UTF8.self))")
        }
        // Both answers are common.
        #expect((1000...4000).contains(found))
    }

    @Test("is found at any alignment, behind runs of backslashes of any length", arguments: widths)
    func backslashes(width: Int) {
        for before in 0...70 {
            for backslashes in 0...70 {
                let text =
                    #"{"k":""# + String(repeating: "-", count: before) + String(repeating: "\\", count: backslashes)
                    + #""}","}]"}"#
                let object = Array(text.utf8)
                #expect(
                    EventScanner.lengthOfContainer(in: object.span.bytes, blockWidth: width)
                        == Self.length(of: object), "\(before) bytes, then \(backslashes) backslashes")
            }
        }
    }

    @Test("is found up to the last byte of a memory page, and no other page is read")
    func pageEnds() throws {
        let pages = try GuardedPages()
        let readable = pages.readable
        defer { withExtendedLifetime(pages) {} }
        for length in 2...200 {
            let content = Array(repeating: UInt8(ascii: "-"), count: length - 2)
            for (object, expected) in [
                ([UInt8(ascii: "{")] + content + [UInt8(ascii: "]")], length),
                ([UInt8(ascii: "[")] + content + [UInt8(ascii: "{")], nil),
            ] as [([UInt8], Int?)] {
                for start in [0, readable.count - length] {
                    readable[start..<start + length].copyBytes(from: object)
                    let bytes = UnsafeRawBufferPointer(rebasing: readable[start..<start + length])
                    for width in Self.widths {
                        #expect(
                            EventScanner.lengthOfContainer(in: bytes.bytes, blockWidth: width) == expected,
                            "\(length) bytes at \(start) of the page, width \(width)")
                    }
                }
            }
        }
    }
}
