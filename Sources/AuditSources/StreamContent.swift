import Compression

/// The content of a stream that cannot be read twice: decompressed if its first bytes are those of gzip or zstd.
///
/// ```swift
/// content.feed(bytes)
/// while let piece = content.next() { lines.append(piece) }
/// ```
struct StreamContent: ~Copyable {
    // The first bytes, as long as they are too few to show a format.
    private var beginning: [UInt8]? = []
    private var plain: [UInt8] = []
    private var decompressor: Decompressor?
    private var fedCount = 0
    /// Why nothing behind the last piece can be read; `nil` if reading goes on.
    private(set) var fault: String?

    init() {}

    /// Takes the next bytes of the stream.
    mutating func feed(_ bytes: [UInt8]) {
        fedCount += bytes.count
        guard let beginning else {
            decompressor == nil ? plain = bytes : decompressor?.feed(bytes)
            return
        }
        // A pipe may pass on its first bytes one by one. Those of a line show at once that it is none of a format.
        let known = beginning + bytes
        guard known.count >= CompressionFormat.magicLength || !Self.mayBegin(known) else {
            self.beginning = known
            return
        }
        self.beginning = nil
        decompressor = CompressionFormat(beginning: known).map { Decompressor($0) }
        decompressor == nil ? plain = known : decompressor?.feed(known)
    }

    /// The next piece, not empty; `nil` if more bytes must be fed first, or after a fault.
    mutating func next() -> [UInt8]? {
        guard fault == nil else { return nil }
        guard decompressor != nil else {
            defer { plain = [] }
            return plain.isEmpty ? nil : plain
        }
        do throws(DecompressionError) {
            if let piece = try decompressor?.next() { return piece }
        } catch {
            fault = "\(error)"
        }
        fault = fault.map { "\($0), near byte \(fedCount - (decompressor?.unreadCount ?? 0))" }
        return nil
    }

    /// The stream has ended: what it kept back is the last piece.
    mutating func end() -> [UInt8]? {
        if let beginning, !beginning.isEmpty {
            self.beginning = nil
            return beginning
        }
        do throws(DecompressionError) {
            if fault == nil { try decompressor?.finish() }
        } catch {
            fault = "\(error)"
        }
        return nil
    }

    private static func mayBegin(_ bytes: [UInt8]) -> Bool { bytes.first == 0x1f || bytes.first == 0x28 }
}
