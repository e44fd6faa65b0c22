import Compression
import Glibc

/// An open stored log.
struct OpenLog: ~Copyable {
    /// The number of bytes in one read.
    ///
    /// A buffer of this size stays in the processor's second-level cache, so that what read(2) copies is not read from
    /// memory again. Measured with 540 MB in the page cache on two cores: 25.0 ms in reads of 256 KiB, 25.7 ms in reads of
    /// 1 MiB, and 24 ms in mapped pieces of 4 MiB. Mapping gains nothing, and a log that is truncated meanwhile would end
    /// the process.
    static let readSize = 256 << 10

    let path: String
    let descriptor: Int32
    private let isStandardInput: Bool

    init(_ log: StoredLog) throws(StoredLogProblem) {
        let isStandardInput = log.isStandardInput
        let descriptor = isStandardInput ? 0 : open(log.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoredLogProblem(log.path, opening: errno) }
        path = log.path
        self.isStandardInput = isStandardInput
        self.descriptor = descriptor
    }

    deinit {
        if !isStandardInput { close(descriptor) }
    }

    /// The next bytes from the file's current position, at most `size`; none at the end.
    ///
    /// - Parameter offset: Where that is, for the error.
    func read(_ size: Int, at offset: Int) throws(StoredLogProblem) -> [UInt8] {
        var code: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var got = Glibc.read(descriptor, buffer.baseAddress, size)
            while got < 0, errno == EINTR { got = Glibc.read(descriptor, buffer.baseAddress, size) }
            if got < 0 { code = errno }
            count = max(0, got)
        }
        if let code { throw failure(code, at: offset) }
        return bytes
    }

    /// A failed read.
    func failure(_ code: Int32, at offset: Int) -> StoredLogProblem {
        StoredLogProblem(
            path, "cannot be read at byte \(offset): \(StoredLogProblem.text(code)); the events before it count")
    }
}

/// The content of a stored log, piece by piece.
protocol LogContent: ~Copyable {
    /// The number of bytes that were read of the file for the pieces so far.
    var storedOffset: Int { get }

    /// The next bytes, at most 256 KiB; none if compressed bytes were read that hold no data; `nil` at the end.
    mutating func next() throws(StoredLogProblem) -> [UInt8]?
}

/// The bytes of a stored log from its beginning, decompressed if its content is compressed.
struct LogBytes: ~Copyable, LogContent {
    private let log: OpenLog
    private let format: CompressionFormat?
    private var decompressor: Decompressor
    // What was read to find the format.
    private var beginning: [UInt8]
    private(set) var storedOffset: Int

    /// Opens it and finds its format.
    init(_ log: StoredLog) throws(StoredLogProblem) {
        let open = try OpenLog(log)
        var beginning: [UInt8] = []
        // A pipe may pass on its first bytes one by one.
        while beginning.count < CompressionFormat.magicLength {
            let bytes = try open.read(OpenLog.readSize, at: beginning.count)
            if bytes.isEmpty { break }
            beginning += bytes
        }
        self.log = open
        self.beginning = beginning
        storedOffset = beginning.count
        format = CompressionFormat(beginning: beginning)
        // Without a format it is not used.
        decompressor = Decompressor(format ?? .gzip)
    }

    var isCompressed: Bool { format != nil }

    mutating func next() throws(StoredLogProblem) -> [UInt8]? {
        guard isCompressed else {
            let bytes = try nextStored()
            return bytes.isEmpty ? nil : bytes
        }
        do throws(DecompressionError) {
            if let piece = try decompressor.next() { return piece }
        } catch {
            throw problem(error)
        }
        let bytes = try nextStored()
        guard bytes.isEmpty else {
            decompressor.feed(bytes)
            return []
        }
        do throws(DecompressionError) {
            try decompressor.finish()
        } catch {
            throw problem(error)
        }
        return nil
    }

    private func problem(_ error: DecompressionError) -> StoredLogProblem {
        let offset = storedOffset - decompressor.unreadCount
        return StoredLogProblem(log.path, "\(error), at byte \(offset) of the file; the events before it count")
    }

    private mutating func nextStored() throws(StoredLogProblem) -> [UInt8] {
        guard beginning.isEmpty else {
            defer { beginning = [] }
            return beginning
        }
        return try readStored()
    }

    private mutating func readStored() throws(StoredLogProblem) -> [UInt8] {
        let bytes = try log.read(OpenLog.readSize, at: storedOffset)
        storedOffset += bytes.count
        return bytes
    }
}

extension StoredLog {
    /// The program that decompresses it; `nil` if it is not compressed, is no file or cannot be read.
    public var decompressor: String? {
        guard isRegularFile, let bytes = try? OpenLog(self).read(CompressionFormat.magicLength, at: 0) else {
            return nil
        }
        return CompressionFormat(beginning: bytes).map { $0 == .gzip ? "gzip" : "zstd" }
    }

    /// The first bytes of its content, decompressed, at most 256 KiB; `nil` if it is no file or cannot be read.
    public func firstBytes() -> [UInt8]? {
        guard isRegularFile, var bytes = try? LogBytes(self) else { return nil }
        // Compressed bytes may hold no data at first.
        while let next = try? bytes.next() {
            if !next.isEmpty { return next }
        }
        return nil
    }
}
