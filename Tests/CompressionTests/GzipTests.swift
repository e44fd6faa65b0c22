import Compression
import Testing
import TestSupport

@Suite("gzip")
struct GzipTests {
    @Test("restores any compressed data, however it is split")
    func roundTrip() {
        var random = SeededGenerator(seed: 1)
        for round in 0..<200 {
            // From noise, which does not shrink, to one byte repeated.
            let letters = UInt8.random(in: 0...255, using: &random)
            let text = (0..<Int.random(in: 0...20_000, using: &random)).map { _ in
                UInt8.random(in: 0...letters, using: &random)
            }
            let result = decompress(
                .gzip, Gzip.compress(text), pieceSize: .random(in: 1...5000, using: &random),
                inputSize: { .random(in: 1...2000, using: &random) })
            #expect(result.error == nil, "round \(round)")
            #expect(result.bytes == text, "round \(round)")
        }
    }

    @Test("reads several members as one text, split anywhere")
    func members() {
        let members = [Array("one\n".utf8), [], Array("two\n".utf8), Array("three\n".utf8)]
        let text = members.flatMap { Gzip.compress($0) }
        for size in 1...text.count {
            let result = decompress(.gzip, text, inputSize: { size })
            #expect(result == Decompressed(bytes: Array(members.joined()), longestPiece: result.longestPiece))
        }
    }

    @Test("makes one member of any selection of separately compressed parts")
    func parts() {
        var random = SeededGenerator(seed: 3)
        var compressor = GzipPartCompressor()
        let texts = (0..<40).map { _ in
            let letters = UInt8.random(in: 0...255, using: &random)
            return (0..<Int.random(in: 0...3000, using: &random)).map { _ in
                UInt8.random(in: 0...letters, using: &random)
            }
        }
        let parts = texts.map { compressor.compress($0) }
        for _ in 0..<50 {
            let chosen = (0..<Int.random(in: 0...8, using: &random)).map { _ in Int.random(in: 0..<40, using: &random) }
            let member =
                Gzip.head + chosen.flatMap { parts[$0].bytes } + Gzip.tail(of: chosen.map { parts[$0] })
            let result = decompress(.gzip, member)
            #expect(result.error == nil)
            #expect(result.bytes == chosen.flatMap { texts[$0] })
        }
    }

    @Test("gathers small members in large pieces")
    func gathers() throws {
        var decompressor = Decompressor(.gzip)
        decompressor.feed((0..<1000).flatMap { _ in Gzip.compress(Array("line\n".utf8)) })
        #expect(try decompressor.next()?.count == 5000)
        #expect(try decompressor.next() == nil)
        try decompressor.finish()
    }

    @Test("reads a member with the file's name in its header, as gzip writes it")
    func name() {
        var text = Gzip.compress(Array("line\n".utf8))
        text[3] |= 0x08
        text.insert(contentsOf: Array("audit-2026.log".utf8) + [0], at: 10)
        #expect(decompress(.gzip, text).bytes == Array("line\n".utf8))
    }

    @Test("reports a truncated text, wherever it is cut off")
    func truncated() {
        let whole = Gzip.compress((0..<500).map { UInt8($0 % 7) })
        for count in 0..<whole.count {
            #expect(decompress(.gzip, Array(whole.prefix(count))).error == .truncated, "cut after \(count)")
        }
        // The beginning of the second member.
        for count in 1..<10 {
            #expect(decompress(.gzip, whole + whole.prefix(count)).error == .truncated)
        }
    }

    @Test(
        "reports other bytes behind a member, which may hide further ones",
        arguments: [Array("no gzip".utf8), [0x1f, 0], [0x1e, 0x8b], [0, 0, 1], [0x28, 0xb5, 0x2f, 0xfd]])
    func otherBytes(bytes: [UInt8]) {
        let member = Gzip.compress(Array("good\n".utf8))
        for behind in [[], member] {
            for size in [1, 2, 3, 1000] {
                let result = decompress(.gzip, member + bytes + behind, inputSize: { size })
                #expect(String(decoding: result.bytes, as: UTF8.self) == "good\n")
                #expect(result.error == .notCompressed)
            }
        }
    }

    @Test("reads members with zeros and line ends between and behind them", arguments: [1, 2, 1000])
    func padding(size: Int) {
        let member = Gzip.compress(Array("good\n".utf8))
        let zeros = [UInt8](repeating: 0, count: 5000)
        for padding in [[10], [10, 10], [13, 10], [0], zeros] {
            let result = decompress(.gzip, member + padding + member + member + padding) { size }
            #expect(String(decoding: result.bytes, as: UTF8.self) == "good\ngood\ngood\n")
            #expect(result.error == nil)
        }
    }

    @Test("returns the data before an error, then reports the error repeatedly")
    func corrupt() throws {
        var broken = Gzip.compress(Array("good\n".utf8)) + Gzip.compress(Array("bad\n".utf8))
        // The checksum of the second member.
        broken[broken.count - 5] ^= 1
        var decompressor = Decompressor(.gzip)
        decompressor.feed(broken)
        #expect(try decompressor.next() == Array("good\nbad\n".utf8))
        for _ in 0..<2 {
            #expect(throws: DecompressionError.corrupt("incorrect data check")) { try decompressor.next() }
        }
        #expect(throws: DecompressionError.corrupt("incorrect data check")) { try decompressor.finish() }
        #expect(decompress(.gzip, Array("no gzip here".utf8)).error == .corrupt("incorrect header check"))
    }

    @Test("never returns another text, whichever bit is flipped")
    func flippedBits() {
        let text = Array("a request a request another request".utf8)
        let whole = Gzip.compress(text)
        for index in 10..<whole.count {
            for bit in 0..<8 {
                var broken = whole
                broken[index] ^= 1 << bit
                let result = decompress(.gzip, broken)
                // Some bits only pad the last byte and have no meaning.
                #expect(result.error != nil || result.bytes == text, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test("returns pieces of bounded size, however much a few bytes expand to")
    func bomb() throws {
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 50 << 20))
        #expect(bomb.count < 300_000)
        var decompressor = Decompressor(.gzip, pieceSize: 1000)
        decompressor.feed(bomb)
        for _ in 0..<10 { #expect(try decompressor.next()?.count == 1000) }
        let all = decompress(.gzip, bomb, pieceSize: 1 << 20)
        #expect(all.longestPiece == 1 << 20)
        #expect(all.bytes.count == 50 << 20)
    }

    @Test("returns all available data of a truncated text, however small the pieces")
    func meaningOfTruncated() {
        let whole = Gzip.compress((0..<100_000).map { UInt8($0 / 10_000) })
        for count in stride(from: 10, to: whole.count, by: 7) {
            let cut = Array(whole.prefix(count))
            #expect(decompress(.gzip, cut, pieceSize: 10).bytes == decompress(.gzip, cut, pieceSize: 1 << 20).bytes)
        }
    }
}
