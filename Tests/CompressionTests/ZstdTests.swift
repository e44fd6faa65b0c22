import Compression
import Testing
import TestSupport

@Suite("zstd")
struct ZstdTests {
    @Test("reads a real log, however it is split")
    func log() throws {
        let log = try Fixture.bytes("audit-logs/same-audit-id.log.zst")
        let whole = decompress(.zstd, log)
        #expect(whole.error == nil)
        let lines = whole.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.count == 5910 + 1)
        #expect(lines.dropLast().allSatisfy { $0.first == UInt8(ascii: "{") && $0.last == UInt8(ascii: "}") })
        #expect(lines.last?.isEmpty == true)

        var random = SeededGenerator(seed: 2)
        let pieces = decompress(
            .zstd, log, pieceSize: 777, inputSize: { .random(in: 1...3000, using: &random) })
        #expect(pieces.error == nil)
        #expect(pieces.longestPiece == 777)
        #expect(pieces.bytes == whole.bytes)
    }

    @Test("restores the content of blocks of any kind and size")
    func blocks() {
        var random = SeededGenerator(seed: 3)
        for round in 0..<200 {
            var expected: [UInt8] = []
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let blocks = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    let size = Int.random(in: 0...3000, using: &random)
                    let byte = UInt8.random(in: 0...255, using: &random)
                    guard Bool.random(using: &random) else {
                        expected += [UInt8](repeating: byte, count: size)
                        return ZstdFrame.Block.repeated(byte, size)
                    }
                    let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
                    expected += noise
                    return .raw(noise)
                }
                text += ZstdFrame(blocks: blocks).bytes
                if Bool.random(using: &random) { text += ZstdFrame.skippable(Array("passed over".utf8)) }
            }
            let result = decompress(
                .zstd, text, pieceSize: .random(in: 1...5000, using: &random),
                inputSize: { .random(in: 1...2000, using: &random) })
            #expect(result.error == nil, "round \(round)")
            #expect(result.bytes == expected, "round \(round)")
        }
    }

    @Test("reports a truncated text, wherever it is cut off")
    func truncated() {
        let whole = ZstdFrame(blocks: [.raw(Array("one\n".utf8)), .repeated(7, 300)]).bytes
        for count in 0..<whole.count {
            #expect(decompress(.zstd, Array(whole.prefix(count))).error == .truncated, "cut after \(count)")
            if count > 0 { #expect(decompress(.zstd, whole + whole.prefix(count)).error == .truncated) }
        }
    }

    @Test("detects a changed byte of a real log by its checksum")
    func corrupt() throws {
        let log = try Fixture.bytes("audit-logs/same-audit-id.log.zst")
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20 {
            let index = Int.random(in: 0..<log.count, using: &random)
            var broken = log
            broken[index] ^= UInt8.random(in: 1...255, using: &random)
            #expect(decompress(.zstd, broken).error != nil, "byte \(index)")
        }
    }

    @Test("reports data that is not zstd")
    func garbage() {
        #expect(decompress(.zstd, Array("no zstd here".utf8)).error == .corrupt("Unknown frame descriptor"))
    }

    @Test(
        "reports other bytes behind a frame, which may hide further ones",
        arguments: [Array("no zstd".utf8), [0x28, 1, 2, 3, 4], [0, 1], [0x1f, 0x8b, 8, 0]])
    func otherBytes(bytes: [UInt8]) {
        for inputSize in [1, 4, 100] {
            let result = decompress(.zstd, ZstdFrame(blocks: [.repeated(7, 3)]).bytes + bytes) { inputSize }
            #expect(result.bytes == [7, 7, 7])
            #expect(result.error == .notCompressed)
        }
    }

    @Test("reads frames with zeros and line ends between and behind them", arguments: [1, 4, 100])
    func padding(inputSize: Int) {
        let frame = ZstdFrame(blocks: [.repeated(7, 3)]).bytes
        for padding in [[0], [UInt8](repeating: 0, count: 500), [10], [13, 10]] {
            let result = decompress(.zstd, frame + padding + frame + padding) { inputSize }
            #expect(result.bytes == [7, 7, 7, 7, 7, 7])
            #expect(result.error == nil)
        }
    }

    @Test(
        "rejects formats before 1.0, whether libzstd supports them or not",
        arguments: [0x1e, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27] as [UInt8])
    func legacy(version: UInt8) {
        let old: [UInt8] = [version, 0xb5, 0x2f, 0xfd, 0x0a, 0xff, 0xff, 0x25]
        let whole = ZstdFrame(blocks: [.repeated(7, 3)]).bytes
        for inputSize in [1, 4, 100] {
            let alone = decompress(.zstd, old) { inputSize }
            #expect(alone == Decompressed(error: .corrupt("Unknown frame descriptor")))
            let behind = decompress(.zstd, whole + old) { inputSize }
            #expect(behind.bytes == [7, 7, 7])
            #expect(behind.error == .notCompressed)
        }
    }

    @Test("returns pieces of bounded size, however much a few bytes expand to")
    func bomb() throws {
        let bomb = ZstdFrame(blocks: Array(repeating: .repeated(0, 128 << 10), count: 400)).bytes
        #expect(bomb.count < 2000)
        var decompressor = Decompressor(.zstd, pieceSize: 1000)
        decompressor.feed(bomb)
        for _ in 0..<10 { #expect(try decompressor.next()?.count == 1000) }
        let all = decompress(.zstd, bomb, pieceSize: 1 << 20)
        #expect(all.longestPiece == 1 << 20)
        #expect(all.bytes.count == 50 << 20)
    }

    @Test("rejects a frame that needs more memory than zstd allows by default")
    func window() {
        let greedy = ZstdFrame(windowExponent: 18, blocks: [.repeated(0, 10)]).bytes
        #expect(decompress(.zstd, greedy).error == .corrupt("Frame requires too much memory for decoding"))
        let modest = ZstdFrame(windowExponent: 17, blocks: [.repeated(0, 10)]).bytes
        #expect(decompress(.zstd, modest).bytes == [UInt8](repeating: 0, count: 10))
    }

    @Test("returns all available data of a truncated log, however small the pieces")
    func meaningOfTruncated() throws {
        let log = try Fixture.bytes("audit-logs/same-audit-id.log.zst")
        for count in [log.count / 3, log.count / 2, log.count - 5] {
            let cut = Array(log.prefix(count))
            let small = decompress(.zstd, cut, pieceSize: 10)
            #expect(small.error == .truncated)
            #expect(small.bytes == decompress(.zstd, cut, pieceSize: 4 << 20).bytes)
        }
    }
}
