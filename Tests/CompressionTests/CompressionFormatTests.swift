import Compression
import Testing
import TestSupport

@Suite("A file's format is detected by its first bytes")
struct CompressionFormatTests {
    @Test("for gzip and zstd")
    func known() throws {
        #expect(CompressionFormat(beginning: Gzip.compress([])) == .gzip)
        #expect(CompressionFormat(beginning: [0x1f, 0x8b]) == .gzip)
        #expect(CompressionFormat(beginning: try Fixture.bytes("audit-logs/same-audit-id.log.zst")) == .zstd)
    }

    @Test(
        "and nothing else", arguments: [[], [0x1f], [0x28, 0xb5, 0x2f], Array("{\"kind\"".utf8), Array("BZh9".utf8)])
    func unknown(beginning: [UInt8]) {
        #expect(CompressionFormat(beginning: beginning) == nil)
    }
}
